import { expect, test } from "vitest";
import { createEvents } from "../../src/index.ts";
import { worker } from "../../src/worker.ts";

test("an option of worker that does nothing is refused", () => {
	expect(() => worker(createEvents(), { prefx: "/x" } as never)).toThrow(
		/worker: unknown key "prefx"/,
	);
});

test.each(["events", "/events/", "/", "//", "/a?b"])(
	"the prefix %j is refused",
	(prefix) => {
		expect(() => worker(createEvents(), { prefix })).toThrow(/prefix/);
	},
);
