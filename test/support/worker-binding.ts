/** A fake Worker behind a binding, for behaviour that a real one cannot be made to show. */
import { expect } from "vitest";
import type { AppBinding } from "../../src/apps/app-workers.ts";
import type { Received } from "../../src/apps/webhooks/trigger.ts";
import { consume } from "../../src/consume/queue.ts";
import type { Delivery } from "../../src/event/envelope.ts";
import type { Call, Reporter } from "../../src/handlers/call.ts";
import type { HandlerListing } from "../../src/handlers/listing.ts";
import type { SubscriberBinding } from "../../src/handlers/remote-worker.ts";
import type { Routing } from "../../src/handlers/route.ts";
import { handlerWorkers } from "../../src/handlers/workers.ts";
import { binding } from "../../src/platform/environment.ts";
import { registrationOf } from "../../src/registration.ts";
import { incoming, read, record } from "./incoming.ts";
import { recordingPorts } from "./ports.ts";
import { events } from "./worker.ts";

export class FakeWorker implements SubscriberBinding, AppBinding {
	/** Lists its handlers. It may fail, or never return. */
	lists: () => Promise<HandlerListing[]> | HandlerListing[] = () => [
		{ id: "send", patterns: ["order.*"] },
		{ id: "log", patterns: ["order.placed"] },
	];
	/** Runs a call. */
	does: (call: Call, report: Reporter) => Promise<void> = async (
		{ handlers },
		report,
	) => {
		for (const { deliveryHandler } of handlers)
			await report(deliveryHandler, { type: "delivered" });
	};
	asked = 0;
	readonly calls: Call[] = [];

	async handlers(): Promise<HandlerListing[]> {
		this.asked++;
		return this.lists();
	}

	async deliver(call: Call, report: Reporter): Promise<void> {
		this.calls.push(call);
		await this.does(call, report);
	}

	/** It brings no apps. */
	async apps(): Promise<never[]> {
		return [];
	}

	async receive(): Promise<Received> {
		return { type: "refused" };
	}

	async checkPayload(): Promise<null> {
		return null;
	}

	/** Fails like a Worker that is down. */
	readonly fails = async (): Promise<never> => {
		throw new Error("Worker not found");
	};

	goDown(): void {
		this.lists = this.fails;
		this.does = this.fails;
	}
}

/**
 * Ports of an owner that has no handlers of its own but those of the Worker `fake`, and of the Worker `mail`,
 * which is a real one, where it is asked for. Time passes only when the test says so.
 */
export function owning(
	fake: FakeWorker,
	{
		routing = { overrides: [], defaults: {} },
		mail = false,
		own = false,
	}: { routing?: Routing; mail?: boolean; own?: boolean } = {},
) {
	const time = { now: Date.UTC(2027, 0, 1) };
	const expiring: (() => void)[] = [];
	const ports = recordingPorts({ clock: () => time.now });
	const bindings = new Map<string, () => SubscriberBinding>([
		["fake", () => fake],
	]);
	if (mail) bindings.set("mail", () => binding("MAIL") as SubscriberBinding);
	const timer = (expire: () => void) => {
		expiring.push(expire);
		return () => void expiring.splice(expiring.indexOf(expire), 1);
	};
	const { handlers } = registrationOf(events as never);
	const workers = handlerWorkers(handlers, bindings, routing, {
		clock: () => time.now,
		timer,
	});
	ports.workers = own
		? workers
		: { ...workers, all: workers.all.filter(({ key }) => key !== "") };
	/** Fires every pending timer. */
	const expire = () => {
		for (const one of expiring.splice(0)) one();
	};
	return { ports, time, expire };
}

type Ports = ReturnType<typeof owning>["ports"];

/** Consumes one message. Returns its verdict. */
export async function taken(
	text: string,
	ports: Ports,
	message: { attempts?: number; sentAt?: number } = {},
) {
	const judged = incoming(text, { sentAt: ports.clock(), ...message });
	await consume([judged], "events", ports);
	expect(judged.verdicts).toHaveLength(1);
	return judged.verdicts[0];
}

/** The transition of each handler, in order. */
export function ends({ recorded }: Ports): string[] {
	return recorded.transitions.map(
		(t) => `${t.type} ${"handler" in t ? t.handler : ""}`,
	);
}

/** The deliveries that were sent to the retries queue. */
export function sent({ recorded }: Ports) {
	return recorded.retries.map(({ record }) => read(record).delivery);
}

/** The deliveries in the scheduler. */
export function waiting({ recorded }: Ports) {
	return recorded.rows.map(({ record, dueAt }) => ({
		...read(record).delivery,
		dueAt,
	}));
}

/** The record of a message with one delivery. */
export function delivering(delivery: Delivery): string {
	return record("order.placed", { n: 1 }, delivery);
}
