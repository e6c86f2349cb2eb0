/** Records what happened to apps, seen from outside of Tidings: calls, answers, and runs of the apps' code. */

/** One call of a webhook. */
export interface HookCall {
	/** The full name of the event. */
	name: string;
	/** The sender's id of the delivery, which its repetitions share. */
	delivery: string;
	askedAt: number;
	answeredAt?: number;
	status?: number;
	/** The id of the event, if the call was accepted. */
	id?: string;
}

/** One run of `start` or `stop`. */
export interface LifecycleRun {
	name: string;
	part: "start" | "stop";
	from: number;
	/** When it succeeded. */
	to?: number;
	/** When its code ended. Absent if its isolate died, or if it hangs. */
	endedAt?: number;
}

/** One run of an event's handler. */
export interface TriggerRun {
	name: string;
	/** Absent for a poll. */
	delivery?: string;
	at: number;
	hasSucceeded: boolean;
}

/** An event that an app has sent to its subscribers. */
export interface Sent {
	name: string;
	/** In the payload. */
	token: string;
	askedAt: number;
	/** Absent if the app got no receipt. */
	id?: string;
}

/** One run of a subscriber's tool. */
export interface ToolRun {
	name: string;
	app: string;
	token: string;
	/** Counts the runs of this app with this event, from 1. */
	count: number;
	at: number;
	hasSucceeded: boolean;
}

/** A subscription of an app, as the operator knows it. */
export interface KnownSubscription {
	name: string;
	app: string;
	askedAt: number;
	/** Absent until a subscribe was answered. */
	id?: number;
	answeredAt?: number;
	/** Whether the answer said that the event runs. */
	isActive?: boolean;
	/** When its end was first requested, and when that was confirmed. */
	endAskedAt?: number;
	endedAt?: number;
}

export class AppLedger {
	readonly hookCalls: HookCall[] = [];
	readonly lifecycleRuns: LifecycleRun[] = [];
	readonly triggerRuns: TriggerRun[] = [];
	readonly sent: Sent[] = [];
	readonly toolRuns: ToolRun[] = [];
	readonly subscriptions: KnownSubscription[] = [];
	/** The URL of each event's webhook, as its `start` received it. */
	readonly webhookUrls = new Map<string, string>();

	runPart(name: string, part: LifecycleRun["part"], at: number): LifecycleRun {
		const run: LifecycleRun = { name, part, from: at };
		this.lifecycleRuns.push(run);
		return run;
	}

	send(name: string, token: string, at: number): Sent {
		const sent: Sent = { name, token, askedAt: at };
		this.sent.push(sent);
		return sent;
	}

	runTool(name: string, app: string, token: string, at: number): ToolRun {
		const count = 1 + this.runsOf(name, app, token).length;
		const run = { name, app, token, count, at, hasSucceeded: false };
		this.toolRuns.push(run);
		return run;
	}

	runsOf(name: string, app: string, token: string): ToolRun[] {
		return this.toolRuns.filter(
			(run) => run.name === name && run.app === app && run.token === token,
		);
	}

	/** The last subscription of each app to each event. */
	latest(): KnownSubscription[] {
		const byKey = this.subscriptions.map(
			(one) => [`${one.app} ${one.name}`, one] as const,
		);
		return [...new Map(byKey).values()];
	}

	/** Returns the last subscription of an app to an event, if it has not ended. */
	current(name: string, app: string): KnownSubscription | undefined {
		const last = this.subscriptions.findLast(
			(one) => one.name === name && one.app === app,
		);
		return last?.endedAt === undefined ? last : undefined;
	}
}
