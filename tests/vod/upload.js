// SPDX-License-Identifier: MIT
// Puts a file into VOD with the vendor's upload SDK; what it answers stands on stdout. It knows the service's own hosts
// only: what it sends there goes to a store on loopback. It is to sign as all SDKs of today do.
//
//   node upload.js MODULES PORT FILE MEMBERS       MEMBERS: of the request, JSON
"use strict";

const http = require("node:http");
const https = require("node:https");
const path = require("node:path");

const [modules, port, file, members] = process.argv.slice(2);

https.request = (target, options, done) => {
  const asked = typeof target === "string" || target instanceof URL ? { ...new URL(target), ...options } : target;
  const { method, headers, host, hostname } = asked;
  const to = { host: "127.0.0.1", port, method, path: asked.path, headers: { ...headers } };
  if (!Object.keys(to.headers).some((name) => name.toLowerCase() === "host")) {
    to.headers.Host = hostname || host;
  }
  return http.request(to, typeof options === "function" ? options : done);
};

const SDK = require(path.join(modules, "tencentcloud-sdk-nodejs/tencentcloud/common/abstract_client"));
const { request: send } = SDK.prototype;
SDK.prototype.request = function (...args) {
  this.profile.signMethod = "TC3-HMAC-SHA256";
  return send.apply(this, args);
};

const { VodUploadClient, VodUploadRequest } = require(path.join(modules, "vod-node-sdk"));
const client = new VodUploadClient(process.env.TRTC_STORAGE_ACCESS_KEY, process.env.TRTC_STORAGE_SECRET_KEY);
const request = Object.assign(new VodUploadRequest(), JSON.parse(members), { MediaFilePath: file });

client.upload("ap-test", request, (error, answer) => {
  if (error) {
    console.error(error);
    process.exit(1);
  }
  console.log(JSON.stringify({ FileId: answer.FileId, MediaUrl: answer.MediaUrl }));
});
