/** Compares failures of one delivery. It stores none. */
import type { NewDeadLetter, StoredDeadLetter } from "../event/dead-letter.ts";
import { CLOCK_SKEW } from "../event/limits.ts";

/**
 * Whether a failure happened after the stored one. A failure of a later replay, or of the running replay, counts as later
 * whatever its time: clocks differ by up to a minute. A duplicate of a delivered replay does not.
 */
export function isLater(
	{ replay = 0, firstFailureAt, lastFailureAt }: NewDeadLetter,
	stored: StoredDeadLetter,
): boolean {
	if (replay > stored.replays) return true;
	// The replay of a record of a newer version does not say that it is one.
	const isUnnumbered =
		replay < stored.replays && stored.cause === "newer_version";
	if (isUnnumbered) return lastFailureAt > stored.lastFailureAt;
	if (replay < stored.replays)
		return (
			// The event was sent again after the discard. Allows for clock skew.
			stored.state === "discarded" &&
			firstFailureAt + CLOCK_SKEW > stored.changedAt
		);
	switch (stored.state) {
		case "resolved":
			// The send of a later replay was not confirmed, but its message was sent.
			return !stored.isSent;
		case "replaying":
			return true;
		default:
			return lastFailureAt > stored.lastFailureAt;
	}
}
