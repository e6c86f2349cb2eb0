/** Reads a time that was typed. The owner checks it: this only completes the short forms, which filters have, too. */

const UNITS = { s: "seconds", m: "minutes", h: "hours", d: "days", w: "weeks" };

/** Returns `2h` as `2 hours`, and any other text as it is. */
export function parseAfter(text: string): string {
	const [, amount, unit] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text) ?? [];
	return unit === undefined
		? text
		: `${amount} ${UNITS[unit as keyof typeof UNITS]}`;
}
