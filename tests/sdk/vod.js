// SPDX-License-Identifier: MIT
// ApplyUpload and CommitUpload with the official SDK, as trtc-put makes them; the answers stand on stdout, a line each.
//
//   node vod.js MODULES HOST:PORT BODY       BODY: the request of ApplyUpload, JSON
"use strict";

const path = require("node:path");

const [modules, endpoint, body] = process.argv.slice(2);
const sdk = require(path.join(modules, "tencentcloud-sdk-nodejs/tencentcloud/services/vod"));

const client = new sdk.vod.v20180717.Client({
  credential: {
    secretId: process.env.TRTC_STORAGE_ACCESS_KEY,
    secretKey: process.env.TRTC_STORAGE_SECRET_KEY,
  },
  region: "ap-test",
  profile: { httpProfile: { endpoint, protocol: "http://" } },
});

(async () => {
  const request = JSON.parse(body);
  const applied = await client.ApplyUpload(request);
  console.log(JSON.stringify(applied));
  try {
    console.log(JSON.stringify(await client.CommitUpload({ VodSessionKey: applied.VodSessionKey, SubAppId: request.SubAppId })));
  } catch (e) {
    console.log(JSON.stringify({ code: e.code }));
  }
})();
