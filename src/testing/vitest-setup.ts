/** Runs with each test file: prints what happened to the events of a test that fails, and disposes of its buses. */
import { afterAll, beforeEach, onTestFailed, onTestFinished } from "vitest";
import { fileEnds, testEnds, testStarts, timelines } from "./open-buses.ts";

beforeEach(() => {
	testStarts();
	onTestFinished(testEnds);
	onTestFailed(() => {
		for (const timeline of timelines()) console.log(timeline);
	});
});

afterAll(fileEnds);
