// SPDX-License-Identifier: MIT
// The keys of a bucket as the vendor's SDK lists them, each with a NUL behind it.
//
//   node list.js MODULES HOST:PORT BUCKET REGION
"use strict";

const path = require("node:path");

const [modules, host, Bucket, Region] = process.argv.slice(2);
const COS = require(path.join(modules, "cos-nodejs-sdk-v5"));
const cos = new COS({
  SecretId: process.env.TRTC_STORAGE_ACCESS_KEY,
  SecretKey: process.env.TRTC_STORAGE_SECRET_KEY,
  Domain: host,
  Protocol: "http:",
});

cos.getBucket({ Bucket, Region }).then(
  (answer) => answer.Contents.forEach((object) => process.stdout.write(`${object.Key}\0`)),
  (e) => {
    console.error(e);
    process.exit(1);
  },
);
