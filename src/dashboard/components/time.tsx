/** Times and durations. The page's script shows times in the viewer's zone; without it they are in UTC. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** @param at epoch milliseconds. `exact` shows milliseconds, `minute` no seconds, and `fresh` follows live updates */
export function Time({
	at,
	exact,
	minute,
	fresh,
}: {
	at: number;
	exact?: boolean;
	minute?: boolean;
	fresh?: boolean;
}) {
	const iso = new Date(at).toISOString();
	let text = iso.slice(0, 19);
	if (minute) text = iso.slice(0, 16);
	if (exact) text = iso.slice(0, 23);
	return (
		<time
			datetime={iso}
			data-exact={exact}
			data-minute={minute}
			data-fresh={fresh}
		>
			{`${text.replace("T", " ")} UTC`}
		</time>
	);
}

/** Counts down to a time. */
export function Until({ at, now }: { at: number; now: number }) {
	return (
		<time datetime={new Date(at).toISOString()} data-until>
			{at > now ? `in ${durationText(at - now)}` : "now"}
		</time>
	);
}

/** Formats milliseconds, with two units at most. */
export function durationText(ms: number): string {
	if (ms < SECOND) return `${Math.round(ms)} ms`;
	if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(2)} s`;
	if (ms < MINUTE) return `${(ms / SECOND).toFixed(1)} s`;
	if (ms < HOUR) return twoUnits(ms, [MINUTE, "min"], [SECOND, "s"]);
	if (ms < DAY) return twoUnits(ms, [HOUR, "h"], [MINUTE, "min"]);
	return twoUnits(ms, [DAY, "d"], [HOUR, "h"]);
}

type Unit = readonly [ms: number, name: string];

function twoUnits(ms: number, [large, l]: Unit, [small, s]: Unit): string {
	const rest = Math.floor((ms % large) / small);
	return `${Math.floor(ms / large)} ${l}${rest > 0 ? ` ${rest} ${s}` : ""}`;
}
