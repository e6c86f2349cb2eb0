/** Decides how an event of the journal is sent to one handler once more, or why it is not. It sends nothing. */
import { deadLetterId } from "../event/dead-letter.ts";
import { encodeEvent } from "../event/encode.ts";
import { PAYLOAD_RETENTION } from "../event/limits.ts";
import type { EventLife } from "../journal/life.ts";
import type { Ports } from "../ports.ts";
import type { JobStep } from "./job.ts";

type PlanPorts = Pick<Ports, "payloads" | "deadLetters" | "clock">;

/** What is done with one event. */
export type Plan =
	| { type: "skip" }
	| { type: "fail"; reason: string }
	| { type: "replay"; deadLetter: string }
	| { type: "send"; record: string };

/**
 * Decides what is done with one event. Extends the time of a body that is stored apart.
 *
 * @param isIncomplete the journal cannot read every entry of the event
 * @throws UnavailableError
 */
export async function planOf(
	life: EventLife,
	isIncomplete: boolean,
	{ handler = "", onlyIfNeverRan = false }: JobStep,
	ports: PlanPorts,
): Promise<Plan> {
	const past = life.deliveries.find((one) => one.handler === handler);
	if (past && onlyIfNeverRan) return { type: "skip" };
	if (isIncomplete && onlyIfNeverRan)
		return {
			type: "fail",
			reason:
				"a page of the journal cannot be read, and it may show that the handler ran; leave onlyIfNeverRan out to send the event anyway",
		};
	// The dead letter has the whole body, and its replay guards its state.
	if (past?.attempts.some(({ state }) => UNRESOLVED_STATES.includes(state))) {
		const deadLetter = deadLetterId(life.id, handler);
		if (await ports.deadLetters.get(deadLetter))
			return { type: "replay", deadLetter };
	}
	const body = await bodyOf(life, ports);
	if ("reason" in body) return { type: "fail", ...body };
	const { id, name, time, delay = 0, tags, trace, by, cloudEvent } = life;
	const record = encodeEvent({ id, name, time, delay }, body, {
		...(tags && { tags }),
		...(trace !== undefined && { trace }),
		...(by !== undefined && { by }),
		...(cloudEvent && { cloudEvent }),
		delivery: { handler, attempt: 1 },
	});
	return { type: "send", record };
}

const UNRESOLVED_STATES: readonly string[] = ["dead", "replaying"];

async function bodyOf(
	{ body, bodyBytes, reference, erasedAt }: EventLife,
	{ payloads, clock }: PlanPorts,
): Promise<{ text: string } | { reference: string } | { reason: string }> {
	if (reference !== undefined) {
		const until = clock() + PAYLOAD_RETENTION;
		return (await payloads.extend(reference, until))
			? { reference }
			: { reason: "its body, which was stored apart, has expired" };
	}
	if (erasedAt !== undefined) return { reason: "its body was erased" };
	if (body === undefined)
		return {
			reason:
				'the journal has no body of it; set journal.bodies to "all", which applies to later events',
		};
	if (bodyBytes === undefined) return { text: body };
	return {
		reason: `its body of ${bodyBytes} bytes was cut; set journal.maxBytes to at least that, which applies to later events`,
	};
}
