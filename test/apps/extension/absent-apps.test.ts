/** Events of apps at a Worker without apps, such as after a deploy that left them out. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { SentBody } from "../../../src/apps/app-event-body.ts";
import { absentApps } from "../../../src/apps/extension/absent-apps.ts";
import { boundSubscriptions } from "../../../src/apps/subscriptions/bound-subscriptions.ts";
import { settingsOf } from "../../../src/config/settings.ts";
import { consume } from "../../../src/consume/queue.ts";
import { replay } from "../../../src/dead-letters/replay.ts";
import { portsOf } from "../../../src/registration.ts";
import { incoming, read, record } from "../../support/incoming.ts";
import { refusal } from "../as-app.ts";
import { recordingPorts, type TestPorts } from "../ports.ts";
import { behaviours, events } from "../worker.ts";

const HOUR = 3_600_000;
const NOW = Date.UTC(2027, 0, 1);
const NAME = "@test/lab/announced";
const SENT: SentBody = { filter: [], payload: { text: "hi" } };

const absent = absentApps({
	ports: () => recordingPorts(),
	apps: [],
	bindings: new Map(),
	settings: settingsOf(),
	prefix: "",
});

/** Ports of a deploy without apps. */
const withoutApps = (clock = () => NOW) =>
	recordingPorts({ extension: absent, clock });

let subscription = 0;
beforeEach(async () => {
	vi.spyOn(console, "error").mockReturnValue();
	behaviours.clear();
	const key: [] = [];
	const one = { app: "@test/lab", tool: "one", key };
	subscription = (await boundSubscriptions(NAME).subscribe(one)).id;
});

/** Consumes one message. Returns what it sent or stored, as records. */
async function take(text: string, ports: TestPorts): Promise<string[]> {
	const message = incoming(text, { sentAt: ports.clock() });
	const { delivery } = read(text);
	await consume([message], delivery ? "retries" : "events", ports);
	expect(message.verdicts).toEqual(["ack"]);
	const { rows, retries, deadLetters } = ports.recorded;
	return [
		...rows.splice(0).map((row) => row.record),
		...retries.splice(0).map(({ record }) => record),
		...deadLetters.splice(0),
	];
}

/** Every kind of message that apps have, and the id that its delivery waits under. */
const messages = (): [string, string, string][] => [
	["an event", record(NAME, SENT), `${NAME}#`],
	[
		"a delivery to one subscriber",
		record(NAME, SENT, {
			handler: `@test/lab/one#${subscription}`,
			attempt: 3,
		}),
		`@test/lab/one#${subscription}`,
	],
	[
		"a delivery to the subscribers after a page",
		record(NAME, SENT, { handler: `${NAME}#>1`, attempt: 1 }),
		`${NAME}#>1`,
	],
	[
		"a trigger",
		record(`${NAME}/trigger`, { trigger: "poll" }),
		`${NAME}/handler`,
	],
];

test("a message of apps waits for an hour, is then a dead letter that says what to add, and is not acknowledged before", async () => {
	for (const [, first, handler] of messages()) {
		let now = NOW;
		const ports = withoutApps(() => now);
		let [text = ""] = await take(first, ports);
		while (read(text).deadLetter === undefined) {
			const waiting = ports.recorded.transitions.at(-1);
			expect(waiting).toMatchObject({
				type: "waiting",
				handler,
				reason: "unknown_handler",
			});
			now = (waiting as { retryAt: number }).retryAt;
			[text = ""] = await take(text, ports);
		}
		expect(now).toBe(NOW + HOUR);
		expect(read(text).deadLetter).toMatchObject({
			handler,
			cause: "unknown_handler",
			error: {
				message: `no handler "${handler}" was registered for an hour: import { apps } from "tidings/apps" and pass worker(events, { apps: apps() })`,
			},
		});
		expect(ports.recorded.transitions.map(({ type }) => type)).not.toContain(
			"ignored",
		);
	}
});

test("the log says why a message of apps waits", async () => {
	const log = vi.spyOn(console, "error").mockReturnValue();
	const text = record(NAME, SENT);
	await take(text, withoutApps());
	expect(JSON.parse(log.mock.calls[0]?.[0])).toMatchObject({
		tidings: "apps_missing",
		event: read(text).id,
		name: NAME,
		hint: 'import { apps } from "tidings/apps" and pass worker(events, { apps: apps() })',
	});
});

describe("a deploy with apps again", () => {
	/** Runs everything that follows from a message. Returns how often the subscriber and the handler ran. */
	async function finish(text: string): Promise<string[]> {
		const ran: string[] = [];
		for (const name of ["one", "announced handler"])
			behaviours.set(name, () => void ran.push(name));
		const ports = recordingPorts();
		for (let open = [text]; open.length > 0; )
			open = (await Promise.all(open.map((one) => take(one, ports)))).flat();
		return ran;
	}

	test("delivers what has waited", async () => {
		for (const [kind, first] of messages()) {
			const [waiting = ""] = await take(first, withoutApps());
			expect(await finish(waiting), kind).toEqual(await finish(first));
		}
		const [[, event = ""] = [], , , [, trigger = ""] = []] = messages();
		expect(await finish(event)).toEqual(["one"]);
		expect(await finish(trigger)).toEqual(["announced handler"]);
	});

	test("replays what has become a dead letter", async () => {
		const stored = withoutApps();
		const text = record(NAME, SENT, {
			handler: `${NAME}#`,
			attempt: 1,
			unknownFor: HOUR,
		});
		const [dead = ""] = await take(text, stored);
		const owner = recordingPorts();
		const { deadLetters } = portsOf(events);
		await consume([incoming(dead)], "deadLetters", { ...owner, deadLetters });
		const ports = recordingPorts({ deadLetters });
		expect(await replay(`${read(text).id}:${NAME}#`, {}, ports)).toBe(1);
		expect(await finish(ports.recorded.retries[0]?.record ?? "")).toEqual([
			"one",
		]);
	});
});

test("a message of apps that the platform gave up on becomes a dead letter under the same id", async () => {
	for (const [kind, text, handler] of messages()) {
		const ports = withoutApps();
		await consume([incoming(text)], "deadLetters", ports);
		expect(ports.recorded.stored, kind).toMatchObject([
			{ handler, cause: "abandoned" },
		]);
	}
});

test("an edited body of an app's event is not replayed, because nothing can check it; other bodies are", async () => {
	expect(await refusal(absent.checkReplay(NAME, SENT))).toMatchObject({
		code: "not_configured",
	});
	await absent.checkReplay("order.placed", {});
});
