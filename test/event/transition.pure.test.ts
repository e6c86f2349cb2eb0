import { afterEach, describe, expect, test, vi } from "vitest";
import {
	logFailures,
	safeObserver,
	type Transition,
} from "../../src/event/transition.ts";

const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
const error = vi.spyOn(console, "error").mockImplementation(() => {});
afterEach(() => vi.clearAllMocks());

const of = { at: 0, id: "e", event: "user.joned" };
const delivery = { ...of, handler: "audit", attempt: 1 };
const failure = { name: "Error", message: "closed" };
const ignored: Transition = { type: "ignored", ...of };

describe("an observer", () => {
	test("receives the transition unchanged", () => {
		const observe = vi.fn();
		safeObserver(observe)(ignored);
		expect(observe.mock.calls).toEqual([[ignored]]);
		expect(error).not.toHaveBeenCalled();
	});

	test("that throws or rejects is logged, and has no other effect", async () => {
		const thrown = new Error("closed");
		const later = async () => {
			throw thrown;
		};
		const log = [["tidings: an observer threw", thrown]];
		expect(() =>
			safeObserver(() => {
				throw thrown;
			})(ignored),
		).not.toThrow();
		expect(error.mock.calls).toEqual(log);
		error.mockClear();
		safeObserver(later)(ignored);
		await vi.waitFor(() => expect(error.mock.calls).toEqual(log));
	});
});

describe("by default", () => {
	test("a failed attempt is logged as a warning and a dead letter as an error, in JSON", () => {
		const retrying = {
			type: "retrying",
			...delivery,
			error: failure,
			retryAt: 5,
		};
		const dead = {
			type: "dead",
			...delivery,
			error: failure,
			cause: "expired",
		};
		logFailures(retrying as Transition);
		expect(warn.mock.calls).toEqual([[JSON.stringify(retrying)]]);
		expect(error).not.toHaveBeenCalled();
		warn.mockClear();
		logFailures(dead as Transition);
		expect(error.mock.calls).toEqual([[JSON.stringify(dead)]]);
		expect(warn).not.toHaveBeenCalled();
	});

	test("a success is not logged", () => {
		logFailures({ type: "published", ...of });
		logFailures({ type: "delivered", ...delivery });
		logFailures({ type: "cancelled", ...of });
		expect(warn).not.toHaveBeenCalled();
		expect(error).not.toHaveBeenCalled();
	});

	test("a name without a handler is logged once, for up to a hundred names", () => {
		logFailures(ignored);
		logFailures(ignored);
		expect(warn.mock.calls).toEqual([
			["tidings: no handler matches user.joned: ignored"],
		]);
		for (let n = 0; n < 200; n++)
			logFailures({ ...ignored, event: `made.up.${n}` });
		expect(warn).toHaveBeenCalledTimes(100);
	});
});
