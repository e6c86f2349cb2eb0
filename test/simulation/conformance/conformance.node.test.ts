/** The simulated platform behaves like the local runtime: each claim runs on both. */
import { afterAll, beforeAll, describe } from "vitest";
import { alarmClaims } from "./alarm-claims.ts";
import { Bench } from "./bench.ts";
import { cronClaims } from "./cron-claims.ts";
import { objectClaims } from "./object-claims.ts";
import { queueClaims } from "./queue-claims.ts";
import { real } from "./real.ts";
import { refusalClaims } from "./refusal-claims.ts";
import { simulated } from "./simulated.ts";

/** On the real platform, all retries of an alarm take two and a half minutes. */
const isLong = process.env.CONFORMANCE === "long";

describe.each([
	{ name: "simulated", start: simulated, isLong: true, isReal: false },
	{
		name: "real",
		isReal: true,
		isLong,
		start: () => real(isLong ? 180_000 : 15_000),
	},
])("on the $name platform", ({ start, isLong, isReal }) => {
	const bench = new Bench(start);
	beforeAll(() => bench.open());
	afterAll(() => bench.close());

	describe("a queue", () => queueClaims(bench));
	describe("a cron trigger", () => cronClaims(bench));
	describe("the limits of a queue", () => refusalClaims(bench));
	// Each claim has an object of its own, and most of its time is a wait. Simulated time is shared.
	const options = { concurrent: isReal };
	describe("an object", options, () => objectClaims(bench));
	describe("an alarm", options, () => alarmClaims(bench, isLong));
});
