/** Numbers of things, with their nouns. */

/** Formats a whole number with a narrow space between thousands. */
export function numberText(count: number): string {
	return String(count).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** Such as `1 dead letter`, or `10 000 dead letters`. */
export function countText(count: number, noun: string): string {
	return `${numberText(count)} ${noun}${count === 1 ? "" : "s"}`;
}
