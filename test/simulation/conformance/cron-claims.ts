/** Claims about the cron trigger, for the simulated and the real platform. */
import { expect, test } from "vitest";
import type { Bench } from "./bench.ts";

export function cronClaims(bench: Bench): void {
	test("each trigger runs `scheduled` once, and one that throws is not run again", async () => {
		expect(await bench.tick("return")).toBe(1);
		expect(await bench.tick("throw")).toBe(2);
		await bench.pass(300);
		expect(await bench.crons()).toBe(2);
		expect(await bench.tick("return")).toBe(3);
	});
}
