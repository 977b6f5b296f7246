// Opens a BPMN file as a modeller does and lints it by the recommended rules; says what is wrong, one line each.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { BpmnModdle } from "bpmn-moddle";

const require = createRequire(import.meta.url);
const { Linter } = require("bpmnlint");
const NodeResolver = require("bpmnlint/lib/resolver/node-resolver");

const { rootElement, warnings } = await new BpmnModdle().fromXML(readFileSync(process.argv[2], "utf8"));
const linter = new Linter({ config: { extends: "bpmnlint:recommended" }, resolver: new NodeResolver({ require }) });
const found = warnings.map((one) => one.message);
for (const [rule, reports] of Object.entries(await linter.lint(rootElement))) {
  for (const one of reports) found.push(`${rule}: ${one.id}: ${one.message}`);
}
for (const line of found) console.log(line);
process.exitCode = found.length ? 1 : 0;
