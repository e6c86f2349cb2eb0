/** Breaks of dead letters: one for each event and handler, whole, stored before its message goes, replayed once. */
import type { Break } from "./break.ts";

const OBJECT = "src/objects/dead-letters.ts";

export const LETTERS: readonly Break[] = [
	{
		why: "a letter that its queue does not take goes nowhere else",
		file: "src/bury.ts",
		from: "if (others.length === 0) throw error;",
		to: "if (others.length > 0) return;\n		if (others.length === 0) throw error;",
	},
	{
		why: "a letter that neither queue nor store takes is lost",
		file: "src/bury.ts",
		from: "if (others.length === 0) throw error;",
		to: "if (others.length <= 1) return;",
	},
	{
		why: "a letter that waits in the scheduler looks like an earlier attempt",
		file: "src/bury.ts",
		from: "progressOf({ ...ending, attempt: attempts + 1 })",
		to: "progressOf({ ...ending, attempt: attempts - 1 })",
	},
	{
		why: "a replay that waits looks like an attempt before it",
		file: "src/contract/held.ts",
		from: "return replay * CHAIN + attempt;",
		to: "return attempt + 0 * replay * CHAIN;",
	},
	{
		why: "what cannot be read is acked without a letter",
		file: "src/bury.ts",
		from: "await storeEndings(head, [letter], JSON.stringify(raw.text), ports);",
		to: "",
	},
	{
		why: "a message that the platform gave up leaves no letter",
		file: "src/dead-letter.ts",
		from: "letter ? [letter] : await abandoned(envelope, ports)",
		to: "letter ? [letter] : (await abandoned(envelope, ports)).slice(0, 0)",
	},
	{
		why: "a message that the platform gave up leaves one letter for all its handlers",
		file: "src/dead-letter.ts",
		from: "delivery ? [delivery.handler] : await idsFor(name, consumers)",
		to: "delivery ? [delivery.handler] : (await idsFor(name, consumers)).slice(0, 1)",
	},
	{
		why: "a letter is stored without its body",
		file: "src/dead-letter.ts",
		from: "await read(event, ports), ports",
		to: "(await read(event, ports)) && null, ports",
	},
	{
		why: "letters of many handlers are more than one call can carry",
		file: "src/dead-letter.ts",
		from: "Math.floor(STORE_BYTES / bytes)",
		to: "STORE_BYTES + bytes",
	},
	{
		why: "an event has two letters for one handler",
		file: "src/contract/letter.ts",
		from: "return `",
		to: "return crypto.randomUUID() + `",
	},
	{
		why: "an earlier failure replaces a later one",
		file: OBJECT,
		from: "excluded.last_failure_at > letter.last_failure_at",
		to: "excluded.last_failure_at < letter.last_failure_at",
	},
	{
		why: "a duplicate of a discarded letter brings it back",
		file: OBJECT,
		from: "excluded.last_failure_at > letter.last_failure_at",
		to: "excluded.last_failure_at >= letter.last_failure_at",
	},
	{
		why: "a replay that dies by a clock that is behind leaves no letter",
		file: OBJECT,
		from: "letter.status = 'replayed' OR excluded",
		to: "excluded",
	},
	{
		why: "a late duplicate of the failure before a replay takes the place of the replay",
		file: OBJECT,
		from: "excluded.replays = letter.replays AND",
		to: "excluded.replays <= letter.replays AND",
	},
	{
		why: "a later letter without a body takes the body of the earlier one away",
		file: OBJECT,
		from: "coalesce(excluded.body, letter.body)",
		to: "excluded.body",
	},
	{
		why: "a later letter forgets the first failure",
		file: OBJECT,
		from: "min(letter.first_failure_at, excluded.first_failure_at)",
		to: "excluded.first_failure_at",
	},
	{
		why: "a replay that died before it was marked is marked as replayed",
		file: OBJECT,
		from: "WHERE id = ?1 AND replays < ?2",
		to: "WHERE id = ?1",
	},
	{
		why: "the sweep takes letters that are not old",
		file: OBJECT,
		from: "now - told().lettersKept,",
		to: "now,",
	},
	{
		why: "old letters are swept once and never again",
		file: OBJECT,
		from: "		await this.ctx.storage.setAlarm(now + SWEEP);\n",
		to: "",
	},
	{
		why: "a body goes while it is still to be kept",
		file: "src/objects/payloads.ts",
		from: "override async alarm(): Promise<void> {",
		to: "override async alarm(): Promise<void> {\n\t\tawait this.ctx.storage.deleteAll();",
	},
	{
		why: "keeping a body longer can shorten it",
		file: "src/objects/payloads.ts",
		from: "if (!payload || until - payload.until < GRAIN) return;",
		to: "if (!payload) return;",
	},
	{
		why: "a replay is marked before it is sent",
		file: "src/replay.ts",
		from: `	await retriesQueue(laneOf(record), ports).send(record);
	await ports.letters.markReplayed(id, letter.replays + 1);`,
		to: `	await ports.letters.markReplayed(id, letter.replays + 1);
	await retriesQueue(laneOf(record), ports).send(record);`,
	},
	{
		why: "a replay runs all handlers of the event",
		file: "src/replay.ts",
		from: "		delivery: { handler, attempt: 1, replay: letter.replays + 1 },\n",
		to: "",
	},
	{
		why: "a replay begins with the second attempt",
		file: "src/replay.ts",
		from: "delivery: { handler, attempt: 1, replay",
		to: "delivery: { handler, attempt: 2, replay",
	},
	{
		why: "a replay that mends the body sends the letter's",
		file: "src/replay.ts",
		from: "edited ? bodyText(edited.body) : letter.body",
		to: "letter.body",
	},
	{
		why: "the body of a replay replaces the one that other handlers wait for",
		file: "src/replay.ts",
		from: "const reference = `",
		to: "const reference = head.id;\n\tvoid `",
	},
	{
		why: "one letter that cannot be replayed keeps the others from being",
		file: "src/replay.ts",
		from: "if (!(error instanceof RefusedError)) throw error;",
		to: "throw error;",
	},
	{
		why: "a body is kept though its alarm could not be set",
		file: "src/objects/payloads.ts",
		from: `		await this.ctx.storage.setAlarm(until);
		this.#kv.put<Payload>("payload", { text, until });`,
		to: `		this.#kv.put<Payload>("payload", { text, until });
		await this.ctx.storage.setAlarm(until);`,
	},
	{
		why: "a letter's message is acked while the letter is still being sent",
		file: "src/bury.ts",
		from: "await firstThatTakes(ways);",
		to: "void firstThatTakes(ways);",
	},
];
