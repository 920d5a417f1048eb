// SPDX-License-Identifier: MIT
// Sends requests with the official SDK: each line on stdin is {"action": "CreateCloudRecording", "body": {...}};
// what is answered stands on stdout, a line each, errors as {"code": ...}. A TaskId of "" is the one answered last.
//
//   node call.js MODULES HOST:PORT
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const [modules, endpoint] = process.argv.slice(2);
const sdk = require(path.join(modules, "tencentcloud-sdk-nodejs/tencentcloud/services/trtc"));

const client = new sdk.trtc.v20190722.Client({
  credential: {
    secretId: process.env.TENCENTCLOUD_SECRET_ID,
    secretKey: process.env.TENCENTCLOUD_SECRET_KEY,
    token: process.env.TENCENTCLOUD_TOKEN,
  },
  region: "ap-singapore",
  profile: { httpProfile: { endpoint, protocol: "http://" } },
});

(async () => {
  let task = "";
  // not by readline: newer ones take U+2028 for the end of a line
  for (const line of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
    const { action, body } = JSON.parse(line);
    if (body.TaskId === "") body.TaskId = task;
    try {
      const answer = await client[action](body);
      task = answer.TaskId;
      console.log(JSON.stringify(answer));
    } catch (e) {
      console.log(JSON.stringify({ code: e.code, message: e.message }));
    }
  }
})();
