/** Reads the HTTP header `Retry-After` (RFC 9110, 10.2.3). It does not decide what happens then. */

/** The three forms of an HTTP date begin with a day of the week. `Date.parse` alone would accept nearly any text. */
const HTTP_DATE = /^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,? /i;

/**
 * Returns the time that the header states, in epoch milliseconds: now plus its seconds, or its date. Undefined for any
 * other text.
 */
export function retryAfterTime(text: string, now: number): number | undefined {
	const value = text.trim();
	if (/^\d+(\.\d+)?$/.test(value)) return now + Number(value) * 1_000;
	if (!HTTP_DATE.test(value)) return undefined;
	// The oldest form has no time zone. It is UTC.
	const time = Date.parse(/ GMT$/i.test(value) ? value : `${value} GMT`);
	return Number.isNaN(time) ? undefined : time;
}
