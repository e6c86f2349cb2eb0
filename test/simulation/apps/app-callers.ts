/** The operator, who subscribes apps, and the senders of webhooks. Both use HTTP, and try again after a failure. */
import { createHmac } from "node:crypto";
import type { Platform } from "../../../src/testing/platform/platform.ts";
import type { Deed } from "../scenario.ts";
import type { AppLedger, HookCall, KnownSubscription } from "./app-ledger.ts";
import {
	ADMIN_KEY,
	nameOf,
	ORIGIN,
	SIGNING_SECRET,
	SOURCES,
	TOOL,
} from "./names.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** After this time a caller expects no answer any more, in milliseconds. */
const PATIENCE = 100 * SECOND;

/** After the last unsubscribe, an event is stopped within this time, in milliseconds. */
const CLOSED_AFTER = 60 * MINUTE;

/** The waits of a sender before it repeats a delivery, in milliseconds. */
const REPETITIONS = [
	SECOND,
	30 * SECOND,
	2 * MINUTE,
	10 * MINUTE,
	30 * MINUTE,
	60 * MINUTE,
	120 * MINUTE,
];

interface Answer {
	status: number;
	text: string;
}

export class AppCallers {
	readonly #platform: Platform;
	readonly #ledger: AppLedger;
	#open = 0;

	constructor(platform: Platform, ledger: AppLedger) {
		this.#platform = platform;
		this.#ledger = ledger;
	}

	/** Whether a caller waits for an answer, or will call again. */
	get isBusy(): boolean {
		return this.#open > 0;
	}

	perform(deed: Deed): void {
		switch (deed.do) {
			case "subscribe":
				this.#subscribe(deed.name, deed.app);
				break;
			case "unsubscribe":
				this.#unsubscribe(deed.name, deed.app);
				break;
			case "hook":
				this.#callHook(deed.name, deed.delivery, REPETITIONS);
		}
	}

	/** Ends all subscriptions, also those that a late subscribe has stored again. Then calls the closed webhooks. */
	close(): void {
		for (const one of this.#ledger.latest()) this.#end(one);
		for (const name of SOURCES.map(nameOf)) {
			this.#open++;
			this.#platform.time.after(CLOSED_AFTER, () => {
				this.#open--;
				this.#callHook(name, "late", []);
			});
		}
	}

	#subscribe(name: string, app: string): void {
		if (this.#ledger.current(name, app)) return;
		const one: KnownSubscription = { name, app, askedAt: this.#now };
		this.#ledger.subscriptions.push(one);
		this.#repeat(
			() => this.#operate("POST", { ...keyOf(name, app), tool: TOOL }),
			// An end that was requested meanwhile is the last word.
			() => one.endAskedAt === undefined,
			({ text }) => {
				const { id, state } = JSON.parse(text);
				one.id = id;
				one.isActive = state === "active";
				one.answeredAt = this.#now;
			},
		);
	}

	#unsubscribe(name: string, app: string): void {
		const one = this.#ledger.current(name, app);
		if (one && one.endAskedAt === undefined) this.#end(one);
	}

	#end(one: KnownSubscription): void {
		one.endAskedAt ??= this.#now;
		this.#repeat(
			() => this.#operate("DELETE", keyOf(one.name, one.app)),
			() => true,
			() => {
				one.endedAt = this.#now;
			},
		);
	}

	/** Calls once a minute until the answer is a success. */
	#repeat(
		call: () => Promise<Answer>,
		isWanted: () => boolean,
		succeeded: (answer: Answer) => void,
	): void {
		const again = () => {
			this.#open--;
			if (isWanted()) this.#repeat(call, isWanted, succeeded);
		};
		this.#open++;
		call().then(
			(answer) => {
				if (!isSuccess(answer)) return this.#platform.time.after(MINUTE, again);
				this.#open--;
				succeeded(answer);
			},
			() => this.#platform.time.after(MINUTE, again),
		);
	}

	#operate(method: string, body: object): Promise<Answer> {
		const headers = {
			authorization: `Bearer ${ADMIN_KEY}`,
			"content-type": "application/json",
		};
		const init = { method, headers, body: JSON.stringify(body) };
		return this.#fetch(`${ORIGIN}/v1/subscriptions`, init);
	}

	/** A sender knows the URL only from the app's `start`. */
	#callHook(name: string, delivery: string, waits: readonly number[]): void {
		const url = this.#ledger.webhookUrls.get(name);
		if (url === undefined) return;
		const call: HookCall = { name, delivery, askedAt: this.#now };
		this.#ledger.hookCalls.push(call);
		const body = JSON.stringify({ delivery });
		const headers = {
			"webhook-id": delivery,
			"x-signature": createHmac("sha256", SIGNING_SECRET)
				.update(body)
				.digest("hex"),
		};
		const [wait, ...later] = waits;
		const failed = () => {
			if (wait === undefined) this.#open--;
			else
				this.#platform.time.after(wait, () => {
					this.#open--;
					this.#callHook(name, delivery, later);
				});
		};
		this.#open++;
		this.#fetch(url, { method: "POST", headers, body }).then((answer) => {
			call.answeredAt = this.#now;
			call.status = answer.status;
			// A closed webhook accepts no repetition either.
			if (answer.status >= 500) return failed();
			this.#open--;
			if (isSuccess(answer)) call.id = JSON.parse(answer.text).id;
		}, failed);
	}

	/** Rejects if no answer arrives in time. */
	#fetch(url: string, init: RequestInit): Promise<Answer> {
		const { promise, resolve, reject } = Promise.withResolvers<Answer>();
		const what = `${init.method} ${new URL(url).pathname.slice(0, 28)}`;
		this.#platform.note("request", what, [], [init.body]);
		const end = (answer: Answer) => {
			this.#platform.note(`answer ${answer.status}`, what, [], [answer.text]);
			stop();
			resolve(answer);
		};
		const fail = (error: Error) => {
			this.#platform.note("answer lost", what, [], error);
			stop();
			reject(error);
		};
		const stop = this.#platform.time.after(PATIENCE, () =>
			fail(new Error("the answer took too long")),
		);
		this.#platform.fetch(url, init).then(end, fail);
		return promise;
	}

	get #now(): number {
		return this.#platform.time.now;
	}
}

function isSuccess({ status }: Answer): boolean {
	return status >= 200 && status < 300;
}

/** The fields that name a subscription to an event. */
function keyOf(name: string, app: string): object {
	const source = SOURCES.find((one) => nameOf(one) === name);
	return { app, source: source?.app, event: source?.event };
}
