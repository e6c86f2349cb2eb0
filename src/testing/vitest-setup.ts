/** Runs before each test file: prints what happened to the events of a test that fails. */
import { beforeEach, onTestFailed } from "vitest";
import { forgetDisposed, timelines } from "./open-buses.ts";

beforeEach(() => {
	forgetDisposed();
	onTestFailed(() => {
		for (const timeline of timelines()) console.log(timeline);
	});
});
