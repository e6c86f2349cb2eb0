/** The code of the simulated apps. It records each of its runs, and behaves as the seed says. */
import { type App, createApp } from "../../../src/apps/app.ts";
import type { Capabilities } from "../../../src/apps/capabilities.ts";
import type { Trigger } from "../../../src/apps/webhooks/trigger.ts";
import { hmacSignature } from "../../../src/apps/webhooks/verify/hmac.ts";
import { NonRetryableError } from "../../../src/index.ts";
import { Fate } from "../../../src/testing/platform/fate.ts";
import { here } from "../../../src/testing/platform/isolate.ts";
import { Dice } from "../dice.ts";
import type { Scenario } from "../scenario.ts";
import type { AppLedger, TriggerRun } from "./app-ledger.ts";
import {
	nameOf,
	REMOTE,
	SIGNING_SECRET,
	SOURCES,
	type Source,
	SUBSCRIBERS,
	TOOL,
} from "./names.ts";

/** Only the first polls send an event. */
const SENDING_POLLS = 3;

/** Most failures of a start or stop. */
const MOST_FAILURES = 2;

/** Returns the apps of the owner, or of the Worker `post`. */
export function appsOf(
	isRemote: boolean,
	scenario: Scenario,
	ledger: AppLedger,
): App[] {
	if (!scenario.apps) return [];
	return [
		...SOURCES.filter((source) => source.isRemote === isRemote).map((source) =>
			sourceApp(source, scenario, ledger),
		),
		...SUBSCRIBERS.filter((app) => app.startsWith(REMOTE) === isRemote).map(
			(app) => subscriberApp(app, scenario, ledger),
		),
	];
}

function sourceApp(source: Source, scenario: Scenario, ledger: AppLedger): App {
	const { app, event, isRemote } = source;
	const name = nameOf(source);

	async function runPart(
		part: "start" | "stop",
		act: () => Promise<void> | void,
	): Promise<void> {
		const isolate = here();
		const { time } = isolate.platform;
		const run = ledger.runPart(name, part, time.now);
		isolate.platform.note(part, name, []);
		const count = ledger.lifecycleRuns.filter(
			(one) => one.name === name && one.part === part,
		).length;
		try {
			await behave(scenario, `${name} ${part}`, count, MOST_FAILURES);
			await act();
			if (isolate.alive) run.to = time.now;
		} finally {
			run.endedAt = time.now;
		}
	}

	return createApp(app, {
		events: {
			[event]: {
				description: "Simulated",
				capabilities: ["event"],
				tokens: {},
				payload: { type: "object", required: ["token"] },
			},
		},
		handlers: {
			[event]: {
				start: {
					default: ({ event, webhookUrl }: Capabilities) =>
						runPart("start", async () => {
							ledger.webhookUrls.set(name, webhookUrl);
							await event.poll(`${scenario.apps?.pollMinutes ?? 1} minutes`);
						}),
				},
				handler: {
					default: (trigger: Trigger, { event: owner }: Capabilities) =>
						handle(trigger, owner),
					...(!isRemote && { verify: SIGNED }),
				},
				stop: { default: () => runPart("stop", () => {}) },
			},
		},
	});

	async function handle(
		trigger: Trigger,
		owner: Capabilities["event"],
	): Promise<void> {
		const isolate = here();
		const { platform } = isolate;
		const delivery: string | undefined =
			trigger.trigger === "hook" ? trigger.json.delivery : undefined;
		const before = ledger.triggerRuns.filter(
			(run) => run.name === name && run.delivery === delivery,
		).length;
		const run: TriggerRun = {
			name,
			at: platform.time.now,
			hasSucceeded: false,
			...(delivery !== undefined && { delivery }),
		};
		ledger.triggerRuns.push(run);
		const key = delivery ?? `poll-${before}`;
		platform.note("trigger", name, [], { token: key });
		await behave(
			scenario,
			`${name} ${key}`,
			delivery === undefined ? 1 : before + 1,
		);
		if (delivery !== undefined || before < SENDING_POLLS) {
			const token = `${key} ${before}`;
			const sent = ledger.send(name, token, platform.time.now);
			const { id } = await owner.send(event, { payload: { token } });
			sent.id = id;
		}
		if (isolate.alive) run.hasSucceeded = true;
	}
}

const SIGNED = hmacSignature({
	header: "x-signature",
	secret: SIGNING_SECRET,
	deliveryId: ({ json }) => json?.delivery,
});

function subscriberApp(
	app: string,
	scenario: Scenario,
	ledger: AppLedger,
): App {
	return createApp(app, {
		tools: {
			[TOOL]: {
				async default(
					{ token }: { token: string },
					{ subscription }: Capabilities,
				) {
					const isolate = here();
					const { platform } = isolate;
					const { source, event } = subscription as NonNullable<
						Capabilities["subscription"]
					>;
					const name = `${source}/${event}`;
					const run = ledger.runTool(name, app, token, platform.time.now);
					platform.note("tool", app, [], { token });
					const { count } = run;
					await behave(scenario, `${app} ${name} ${token}`, count);
					if (isolate.alive) run.hasSucceeded = true;
				},
			},
		},
	});
}

/**
 * Succeeds, fails, hangs or kills its isolate, as the seed says.
 *
 * @param run counts the runs with this key, from 1
 * @param most after so many failures it succeeds
 */
async function behave(
	{ seed, faults }: Scenario,
	key: string,
	run: number,
	most = Number.POSITIVE_INFINITY,
): Promise<void> {
	const isolate = here();
	const never = () => new Promise<never>(() => {});
	if (!isolate.alive) return never();
	const dice = new Dice(new Fate(seed, {}), `app ${key}`);
	const drawn = dice.next();
	const fails = (times: readonly number[]) =>
		run <= Math.min(most, dice.pick(times));
	if (faults.includes("poison") && drawn < 0.05) {
		if (!fails([1, 2])) return;
		isolate.kill();
		return never();
	}
	if (faults.includes("stuck") && drawn < 0.12)
		return fails([1, 2]) ? never() : undefined;
	if (drawn > 0.95 && run <= most) throw new NonRetryableError("it never will");
	if (drawn > 0.7 && fails([1, 1, 2, Number.POSITIVE_INFINITY]))
		throw new Error("not yet");
	const takes = dice.pick([0, 0, 5, 4_000]);
	if (takes > 0) await new Promise((resolve) => setTimeout(resolve, takes));
}
