/** Recording ports of the Worker under test. */
import { type Changes, recordingPortsOf, type TestPorts } from "./recording.ts";
import { events } from "./worker.ts";

export { down, type Recorded } from "./recording.ts";
export type { TestPorts };

export function recordingPorts(changes: Changes = {}): TestPorts {
	return recordingPortsOf(events as never, changes);
}
