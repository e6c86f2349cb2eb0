/**
 * Stands in for the selftest in a Worker without it. It drops the canaries of a run that an earlier deploy started:
 * otherwise they would wait for a handler, and become dead letters.
 */
import type { Extension } from "../consume/extension.ts";
import { ACK } from "../consume/settle.ts";
import { isSelftestName } from "../event/name.ts";

/** What a Worker without the selftest has to add. */
export const SELFTEST_REMEDY =
	'import { selftest } from "tidings/selftest" and pass worker(events, { selftest: selftest() })';

export const absentSelftest: Extension = {
	owns: isSelftestName,
	drops: ({ name }) => isSelftestName(name),
	deliver: async () => ACK,
	deadLetterIds: () => [],
	checkReplay: async () => {},
};
