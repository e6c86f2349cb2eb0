import { draw } from "./scenario.ts";
import { run } from "./run.ts";
const from = Number(process.argv[2] ?? 1), count = Number(process.argv[3] ?? 1);
let events = 0, steps = 0, bad = 0; const t = performance.now();
for (let seed = from; seed < from + count; seed++) {
	const scenario = draw(seed, process.argv[4]?.split(","));
	const outcome = await run(scenario);
	events += scenario.events; steps += outcome.steps;
	if (outcome.violations.length) { bad++; console.log(seed, scenario.faults.join(","), outcome.violations.slice(0, 3)); }
}
const s = (performance.now() - t) / 1000;
console.log({ events, steps, bad, perSecond: events / s, stepsPerSecond: steps / s, s });
