// SPDX-License-Identifier: MIT
// Checks a Job's file against the schema that Kubernetes publishes (in the package kubernetes-models, generated from
// it), and prints what its container is run with, as JSON: {"command":[...],"env":{...},"completions":N}.
//
//   node check.mjs MODULES_DIR JOB.yaml
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const [modules, file] = process.argv.slice(2)
const require = createRequire(modules + '/')
const { Job } = require('kubernetes-models/batch/v1/Job')
const { parse } = require('yaml')

const data = parse(readFileSync(file, 'utf8'))
if (data.kind !== 'Job' || data.apiVersion !== 'batch/v1') throw new Error('no Job')
new Job(data).validate()

// The schema lets fields through that it does not know; the server does not, where it is strict.
const text = readFileSync(modules + '/kubernetes-models/batch/v1/JobSpec.d.ts', 'utf8')
for (const key of Object.keys(data.spec))
    if (!text.includes(`"${key}"`)) throw new Error(`spec.${key}: not a field of a Job`)
const container = data.spec.template.spec.containers[0]
for (const rule of data.spec.podFailurePolicy?.rules ?? [])
    if (rule.onExitCodes && rule.onExitCodes.containerName !== container.name) throw new Error('no such container')
if (data.spec.completionMode === 'Indexed') {
    const parts = container.env.find((e) => e.name === 'TRTC_PARTS').value
    if (parts !== String(data.spec.completions)) throw new Error('TRTC_PARTS are not the completions')
}
console.log(
    JSON.stringify({
        command: [...container.command, ...(container.args ?? [])],
        env: Object.fromEntries((container.env ?? []).map((e) => [e.name, e.value])),
        completions: data.spec.completions ?? 1,
    }),
)
