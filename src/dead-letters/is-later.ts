/** Compares failures of one delivery. It stores none. */
import type { NewDeadLetter, StoredDeadLetter } from "../event/dead-letter.ts";
import { CLOCK_SKEW } from "../event/limits.ts";

/**
 * Whether a failure happened after the stored one. That of a later replay, or of a replay under way, is later at any
 * time, because the clocks of two machines may differ by a minute. A duplicate of a replay that was delivered is not.
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
			// The event was sent to the handler again after it was discarded. Clocks that differ count for it.
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
