// Reads an AsyncAPI document with the reference parser, prints what it finds
// wrong, one line each, and ends with 1 if any of it is an error.
// node asyncapi.mjs FILE
import { readFile } from 'node:fs/promises'
import { Parser } from '@asyncapi/parser'

const severities = ['error', 'warning', 'information', 'hint']

const file = process.argv[2]
const { document, diagnostics } = await new Parser().parse(await readFile(file, 'utf8'), { source: file })
for (const d of diagnostics) {
  console.log(`${severities[d.severity]} at ${d.path.join('.')}, line ${d.range.start.line + 1}: ${d.message} (${d.code})`)
}
if (!document || diagnostics.some((d) => d.severity === 0)) process.exit(1)
console.log(`${document.allMessages().all().length} messages, ${document.allOperations().all().length} operations`)
