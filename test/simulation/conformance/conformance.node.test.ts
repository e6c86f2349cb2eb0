/** The simulated platform behaves like the real local runtime: each claim runs on both. */
import { afterAll, beforeAll, describe } from "vitest";
import { alarmClaims } from "./alarm-claims.ts";
import { Bench } from "./bench.ts";
import { objectClaims } from "./object-claims.ts";
import { queueClaims } from "./queue-claims.ts";
import { real } from "./real.ts";
import { refusalClaims } from "./refusal-claims.ts";
import { simulated } from "./simulated.ts";

/** All of an alarm's retries take two minutes and a half where time passes by itself. */
const isLong = process.env.CONFORMANCE === "long";

describe.each([
	{ name: "simulated", start: simulated, isLong: true },
	{ name: "real", start: () => real(isLong ? 180_000 : 15_000), isLong },
])("on the $name platform", ({ start, isLong }) => {
	const bench = new Bench(start);
	beforeAll(() => bench.open());
	afterAll(() => bench.close());

	describe("a queue", () => queueClaims(bench));
	describe("what a queue takes", () => refusalClaims(bench));
	describe("an object", () => objectClaims(bench));
	describe("an alarm", () => alarmClaims(bench, isLong));
});
