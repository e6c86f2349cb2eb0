/** Draws publishes with idempotency keys: repeated at once and later, with other content, and after a day. */

import type { Fate } from "../../../src/testing/platform/fate.ts";
import { Dice } from "../dice.ts";
import type { Act, Publish } from "../scenario.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Share of the scenarios that publish with keys. */
const SHARE = 0.4;

/** Objects that share the keys. */
const OBJECTS = 8;

/** A key is new again after this long at the latest, in milliseconds: 24 hours in tables of an hour, and clocks. */
export const FORGOTTEN = 26 * HOUR;

/** Returns how many events were drawn. */
export function drawKeys(
	fate: Fate,
	faults: ReadonlySet<string>,
	span: number,
	acts: Act[],
): number {
	const dice = new Dice(fate, "keys");
	const numbers = acts.flatMap((act) =>
		act.do === "publish" ? act.events.map(({ n }) => n) : [],
	);
	const from = Math.max(...numbers) + 1;
	let n = from;
	if (faults.has("keys")) drawOutages(dice, span, acts);
	else if (!dice.chance(SHARE)) return 0;
	const event = (key: string): Publish => ({
		n: n++,
		name: dice.pick(["order.placed", "note.added"]),
		...(dice.chance(0.4) && { after: dice.between(1, HOUR) }),
		padding: dice.chance(0.05) ? 120_000 : 0,
		key,
	});
	for (let count = dice.between(1, 5); count > 0; count--) {
		const at = dice.between(0, span);
		const size = dice.chance(0.2) ? dice.between(2, 5) : 1;
		const keys = Array.from({ length: size }, (_, i) => `key-${count}-${i}`);
		const events = keys.map(event);
		const publish = (wait: number, published = events) =>
			acts.push({ at: at + wait, do: "publish", events: published });
		publish(0);
		for (let again = dice.between(0, 4); again > 0; again--)
			publish(dice.between(0, dice.pick([100, 6 * SECOND, MINUTE, HOUR])));
		const others = () => keys.map(event);
		if (dice.chance(0.4)) publish(dice.between(0, MINUTE), others());
		if (dice.chance(0.15)) publish(FORGOTTEN + HOUR, others());
	}
	return n - from;
}

function drawOutages(dice: Dice, span: number, acts: Act[]): void {
	for (let count = dice.between(1, 6); count > 0; count--) {
		const at = dice.between(0, span);
		const object = `Keys/keys-${dice.between(0, OBJECTS)}`;
		acts.push(
			dice.chance(0.5)
				? { at, do: "evict", object, busy: true }
				: {
						at,
						do: "outage",
						of: "Keys",
						lasting: dice.between(0, 20 * MINUTE),
					},
		);
	}
}
