// SPDX-License-Identifier: MIT
// Puts a file into COS with the vendor's SDK, in one request and in parts.
//
//   node upload.js MODULES HOST:PORT BUCKET REGION FILE KEY...
"use strict";

const path = require("node:path");

const [modules, host, bucket, region, file, ...names] = process.argv.slice(2);
const COS = require(path.join(modules, "cos-nodejs-sdk-v5"));
const cos = new COS({
  SecretId: process.env.TRTC_STORAGE_ACCESS_KEY,
  SecretKey: process.env.TRTC_STORAGE_SECRET_KEY,
  Domain: host,
  Protocol: "http:",
  ChunkSize: 1024 * 1024,
  SliceSize: 1024 * 1024,
});

(async () => {
  for (const Key of names) {
    const to = { Bucket: bucket, Region: region, Key, FilePath: file };
    await cos.uploadFile({ ...to, SliceSize: 1 << 30 });
    await cos.sliceUploadFile({ ...to, Key: `${Key}.parts` });
  }
})().catch((e) => {
  console.error(e);
  process.exit(1);
});
