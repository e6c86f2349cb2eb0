/** Runs with each test file: prints what happened to the events of a test that fails, and disposes of its buses. */
import { afterAll, beforeEach } from "vitest";
import { fileEnds, testEnds, testStarts, timelines } from "./open-buses.ts";

// The functions of the context, because tests may be concurrent.
beforeEach(({ onTestFinished, onTestFailed }) => {
	testStarts();
	onTestFinished(testEnds);
	onTestFailed(() => {
		for (const timeline of timelines()) console.log(timeline);
	});
});

afterAll(fileEnds);
