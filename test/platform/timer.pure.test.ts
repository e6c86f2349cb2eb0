import { expect, test, vi } from "vitest";
import { realTimer } from "../../src/platform/timer.ts";

test("the real timer expires after its milliseconds, unless it is taken back", () => {
	vi.useFakeTimers();
	const expire = vi.fn();
	const takenBack = vi.fn();
	realTimer(expire, 5_000);
	realTimer(takenBack, 5_000)();
	vi.advanceTimersByTime(4_999);
	expect(expire).not.toHaveBeenCalled();
	vi.advanceTimersByTime(1);
	expect(expire).toHaveBeenCalledTimes(1);
	expect(takenBack).not.toHaveBeenCalled();
	vi.useRealTimers();
});
