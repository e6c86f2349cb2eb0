/** Prints a finding of the doctor with its remedy. */
import { styleText } from "node:util";
import type { Finding } from "../src/doctor/finding.ts";

export function printFinding({
	severity,
	code,
	problem,
	remedy,
}: Finding): void {
	const colour = severity === "error" ? "red" : "yellow";
	const title = styleText(colour, severity, { stream: process.stdout });
	const [first, ...lines] = remedy.split("\n");
	console.log(`${title} ${code}: ${problem}\n  ${first}`);
	if (lines.length > 0)
		console.log(`\n${lines.map((line) => `    ${line}`).join("\n")}`);
	console.log("");
}
