/** Recording ports of the Worker with the test apps. */
import {
	type Changes,
	recordingPortsOf,
	type TestPorts,
} from "../support/recording.ts";
import { events } from "./worker.ts";

export { down } from "../support/recording.ts";
export type { TestPorts };

export function recordingPorts(changes: Changes = {}): TestPorts {
	return recordingPortsOf(events, changes);
}
