import { expect, test, vi } from "vitest";
import { logFailures } from "../../src/contract/transition.ts";

test("by default the first event of a name that nobody handles is logged, and no later one", () => {
	const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
	const ignored = {
		type: "ignored",
		at: 0,
		id: "e",
		event: "user.joned",
	} as const;
	logFailures(ignored);
	logFailures(ignored);
	expect(warn.mock.calls).toEqual([
		["tidings: no handler matches user.joned: ignored"],
	]);
	warn.mockRestore();
});
