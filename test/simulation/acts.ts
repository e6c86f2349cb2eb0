/** Draws the acts of a scenario: publishes, cancels, reschedules, replays and lasting faults. */
import type { Dice } from "./dice.ts";
import { GROUPS, LANES, QUEUE_NAMES } from "./queues.ts";
import type { Act, Deed, Publish, Storm, Version } from "./scenario.ts";
import { changed, SHARDS } from "./versions.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const NAMES = ["order.placed", "order.paid", "user.joined", "note.added"];

const BOTH = [
	["events", "events-2"],
	["retries", "retries-2"],
];

export function drawPublishes(
	dice: Dice,
	faults: ReadonlySet<string>,
	span: number,
	acts: Act[],
): number {
	// If every message has duplicates, each event costs as many steps as ten others.
	const events = dice.pick(faults.has("twice") ? [3, 8, 20] : [5, 30, 100]);
	const inLanes = dice.pick([0, 0.3, 0.7]);
	// Some events are due at the same time.
	const together = dice.between(SECOND, span);
	for (let n = 0; n < events; ) {
		const at = dice.between(0, span);
		const one = (): Publish => {
			const after = drawAfter(dice, together - at);
			// A large body must be stored as long as its event is scheduled.
			const isFar = after !== undefined && after > 10 * DAY;
			return {
				n: n++,
				name: dice.pick(NAMES),
				...(dice.chance(inLanes) && { lane: dice.pick(LANES) }),
				...(after !== undefined && { after }),
				padding: dice.chance(isFar ? 0.3 : 0.01)
					? dice.between(111_000, 250_000)
					: 0,
			};
		};
		const size = dice.chance(0.15) ? dice.between(2, 30) : 1;
		acts.push({
			at,
			do: "publish",
			events: Array.from({ length: size }, one),
		});
	}
	return events;
}

function drawAfter(dice: Dice, untilTogether: number): number | undefined {
	const drawn = dice.next();
	if (drawn < 0.4) return undefined;
	if (drawn < 0.6) return Math.max(1_000, untilTogether);
	if (drawn < 0.8) return dice.between(1, 5 * MINUTE);
	if (drawn < 0.97) return dice.between(SECOND, 3 * HOUR);
	// Before the first dead letters expire.
	return dice.between(HOUR, 60 * DAY);
}

export function drawMoves(
	dice: Dice,
	isRacing: boolean,
	span: number,
	acts: Act[],
): void {
	for (const act of [...acts]) {
		if (act.do !== "publish") continue;
		for (const { n, after } of act.events) {
			if (after === undefined || !dice.chance(isRacing ? 0.6 : 0.2)) continue;
			const dueAt = act.at + after;
			// A race: the act comes at about the time of the alarm.
			const at = isRacing
				? Math.max(act.at, dueAt + dice.between(-150, 150))
				: act.at + dice.between(0, after);
			const move: Deed = dice.chance(0.5)
				? { do: "cancel", n }
				: { do: "reschedule", n, after: dice.between(1, 2 * HOUR) };
			acts.push({ at, ...move });
			// A second cancel at about the same time.
			if (dice.chance(0.3))
				acts.push({ at: at + dice.between(0, 60), do: "cancel", n });
		}
	}
	for (let count = dice.between(0, 6); count > 0; count--) {
		const n = dice.between(0, 20);
		const at = dice.between(0, span + HOUR);
		acts.push({
			at,
			...dice.pick<Deed>([
				{ do: "replay", n, isEdited: false },
				{ do: "replay", n, isEdited: true },
				{ do: "replay all" },
				{ do: "discard", n },
			]),
		});
	}
}

/** Draws the times of faults: from the start, and perhaps again when a distant event is due. */
export function drawStorms(
	dice: Dice,
	span: number,
	acts: readonly Act[],
): Storm[] {
	const outages = acts.map((act) =>
		act.do === "outage" ? act.at + act.lasting : 0,
	);
	const first = {
		from: 0,
		to: Math.max(span, ...outages) + dice.between(0, HOUR),
	};
	const far = acts.flatMap((act) =>
		act.do === "publish"
			? act.events.flatMap(({ after = 0 }) => act.at + after)
			: [],
	);
	const dueAt = Math.max(...far, 0);
	const second = { from: dueAt - HOUR / 4, to: dueAt + HOUR };
	return second.from > first.to + DAY ? [first, second] : [first];
}

/** Draws the faults that are acts of the scenario. */
export function drawTroubles(
	dice: Dice,
	faults: ReadonlySet<string>,
	span: number,
	version: Version,
	acts: Act[],
): void {
	const some = (fault: string, most: number, trouble: () => Deed) => {
		if (!faults.has(fault)) return;
		for (let count = dice.between(1, most + 1); count > 0; count--)
			acts.push({ at: dice.between(0, span), ...trouble() });
	};
	const shard = () => `Scheduler/shard-${dice.between(0, SHARDS)}`;
	some("storage", 3, () => ({
		do: "outage",
		of: dice.pick([shard(), "Payloads"]),
		lasting: dice.between(SECOND, 15 * MINUTE),
	}));
	some("store", 2, () => ({
		do: "outage",
		of: dice.pick(["DeadLetters", "DeadLetters", "dead-letters"]),
		lasting: dice.between(MINUTE, 14 * HOUR),
	}));
	some("worker", 3, () => ({
		do: "outage",
		of: "post",
		lasting: dice.chance(0.05)
			? dice.between(20 * HOUR, 30 * HOUR)
			: dice.between(SECOND, 30 * MINUTE),
	}));
	if (faults.has("body")) loseBodies(dice, acts);
	some("queue", 4, () => ({
		do: "outage",
		// Both queues of a role, so that no other queue takes over.
		of: dice.pick([...GROUPS, ...BOTH]).join(),
		lasting: dice.between(SECOND, 30 * MINUTE),
	}));
	some("clock", 3, () => ({
		do: "set clocks",
		// Together with the skew of an isolate at most a minute.
		offset: dice.between(-MINUTE / 2, MINUTE / 2),
	}));
	some("evict", 10, () => ({
		do: "evict",
		object: dice.pick([shard(), "DeadLetters/dead-letters"]),
		busy: dice.chance(0.5),
	}));
	some("garbage", 4, () => ({
		do: "garbage",
		queue: dice.pick(QUEUE_NAMES),
		text: dice.pick(["", "not JSON", "[]", '{"v":1}', '{"v":9,"id":"x"}']),
	}));
	some("crash", 3, () => ({ do: "kill workers" }));
	some("deploy", 3, () => ({ do: "deploy", version: changed(dice, version) }));
}

/** Makes some events large, and loses their bodies. */
function loseBodies(dice: Dice, acts: Act[]): void {
	for (const act of [...acts]) {
		if (act.do !== "publish" || !dice.chance(0.1)) continue;
		const event = dice.pick(act.events);
		event.padding = 120_000;
		const wait = dice.between(0, (event.after ?? 0) + 10 * MINUTE);
		acts.push({ at: act.at + wait, do: "lose body", n: event.n });
	}
}
