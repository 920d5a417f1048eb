// SPDX-License-Identifier: MIT
// Signs again what an object store has received, with the signers of the vendors' own SDKs: each line on stdin is a
// request of objectserver's log. A line on stdout says how many there were; each that is signed otherwise is named.
//
//   node check.js MODULES       TRTC_STORAGE_ACCESS_KEY, _SECRET_KEY, TRTC_STORAGE_TOKEN
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const [modules] = process.argv.slice(2);
const COS = require(path.join(modules, "cos-nodejs-sdk-v5"));
const { SignatureV4 } = require(path.join(modules, "@smithy/signature-v4"));

const keys = {
  id: process.env.TRTC_STORAGE_ACCESS_KEY,
  key: process.env.TRTC_STORAGE_SECRET_KEY,
  token: process.env.TRTC_STORAGE_TOKEN,
};

// The hash that @smithy/signature-v4 wants, by node's own.
class Sha256 {
  constructor(secret) {
    this.hash = secret ? crypto.createHmac("sha256", secret) : crypto.createHash("sha256");
  }
  update(data) {
    this.hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.hash.digest());
  }
}

function split(target) {
  const at = target.indexOf("?");
  const query = {};
  for (const item of at < 0 ? [] : target.slice(at + 1).split("&").filter(Boolean)) {
    const [name, value = ""] = item.split("=");
    query[decodeURIComponent(name)] = decodeURIComponent(value);
  }
  return { pathname: at < 0 ? target : target.slice(0, at), query };
}

function only(headers, names) {
  return Object.fromEntries(names.filter((n) => n).map((n) => [n, headers[n]]));
}

function cos(line) {
  const auth = line.headers.authorization;
  const given = Object.fromEntries(auth.split("&").map((item) => item.split("=", 2)));
  const { pathname, query } = split(line.target);
  return COS.getAuthorization({
    SecretId: given["q-ak"] === "TEMPORARYID" ? "TEMPORARYID" : keys.id,
    SecretKey: given["q-ak"] === "TEMPORARYID" ? "TEMPORARYKEY" : keys.key,
    Method: line.method,
    Pathname: decodeURIComponent(pathname),
    Query: query,
    Headers: only(line.headers, given["q-header-list"].split(";")),
    KeyTime: given["q-key-time"],
    ForceSignHost: false,
  });
}

async function s3(line) {
  const [, region] = line.headers.authorization.match(/Credential=[^/]*\/\d{8}\/([^/]*)\/s3\/aws4_request/);
  const names = line.headers.authorization.match(/SignedHeaders=([^,]*)/)[1].split(";");
  const { pathname, query } = split(line.target);
  const date = line.headers["x-amz-date"];
  const signer = new SignatureV4({
    credentials: { accessKeyId: keys.id, secretAccessKey: keys.key, sessionToken: keys.token },
    region,
    service: "s3",
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });
  const signed = await signer.sign(
    {
      method: line.method,
      protocol: "http:",
      hostname: "127.0.0.1",
      path: pathname,
      query,
      headers: only(line.headers, names),
    },
    { signingDate: new Date(date.replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z")) },
  );
  return signed.headers.authorization;
}

(async () => {
  const count = { COS: 0, S3: 0 };
  let bad = 0;
  for (const text of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
    const line = JSON.parse(text);
    const auth = line.headers.authorization;
    if (!auth || auth.startsWith("TC3-")) continue;
    const kind = auth.startsWith("q-sign-algorithm") ? "COS" : "S3";
    const right = kind === "COS" ? cos(line) : await s3(line);
    count[kind]++;
    if (right.replace(/, /g, ",") !== auth.replace(/, /g, ",")) {
      bad++;
      console.log(`${line.method} ${line.target}\n  ${auth}\n  ${right}`);
    }
  }
  console.log(`COS ${count.COS} S3 ${count.S3} different ${bad}`);
  process.exit(bad ? 1 : 0);
})();
