/** Describes transitions in words. */
import type { Transition } from "../../src/event/transition.ts";

/** A description, and the colour of the new state. */
interface Words {
	text: string;
	colour: "green" | "yellow" | "red" | "magenta" | "cyan" | "gray";
}

export function narrate(transition: Transition): Words {
	switch (transition.type) {
		case "published":
			return { text: "published", colour: "cyan" };
		case "scheduled":
			return { text: `scheduled for ${due(transition)}`, colour: "cyan" };
		case "rescheduled":
			return transition.handler === undefined
				? { text: `rescheduled for ${due(transition)}`, colour: "cyan" }
				: { text: "its next attempt begins now", colour: "cyan" };
		case "queued": {
			const { at, dueAt, handler } = transition;
			const what = handler === undefined ? "" : "its retry ";
			const late = duration(Math.max(0, at - dueAt));
			return { text: `${what}is due, queued ${late} later`, colour: "cyan" };
		}
		case "delivered": {
			const { attempt } = transition;
			const which = attempt > 1 ? ` by attempt ${attempt}` : "";
			return { text: `delivered${which}`, colour: "green" };
		}
		case "retrying": {
			const { at, retryAt } = transition;
			const text = `${failed(transition)}, retrying in ${duration(retryAt - at)}`;
			return { text, colour: "yellow" };
		}
		case "waiting": {
			const { at, retryAt, reason } = transition;
			const text = `waiting ${duration(retryAt - at)}: ${reason}`;
			return { text, colour: "yellow" };
		}
		case "dead":
			return {
				text: `${failed(transition)}, dead: ${transition.cause}`,
				colour: "red",
			};
		case "split": {
			const text = `redelivered, split for ${transition.handlers.join(", ")}`;
			return { text, colour: "yellow" };
		}
		case "ignored":
			return {
				text: transition.event.startsWith("@")
					? "ignored: no subscriber"
					: "ignored: no handler matches",
				colour: "gray",
			};
		case "cancelled":
		case "discarded":
			return { text: transition.type, colour: "gray" };
		case "replayed":
			return { text: "replayed", colour: "magenta" };
	}
}

function failed({
	attempt,
	error,
}: Extract<Transition, { type: "retrying" | "dead" }>): string {
	return `attempt ${attempt} failed: ${error.message}`;
}

function due({ at, dueAt }: { at: number; dueAt: number }): string {
	return `${timeOfDay(dueAt)}, in ${duration(dueAt - at)}`;
}

/** Formats an instant as local time: `14:03:22`. */
export function timeOfDay(at: number): string {
	return new Date(at).toTimeString().slice(0, 8);
}

const UNITS = [
	["d", 86_400_000],
	["h", 3_600_000],
	["min", 60_000],
	["s", 1_000],
] as const;

function duration(ms: number): string {
	const [unit, size] = UNITS.find(([, size]) => ms >= size) ?? ["ms", 1];
	return `${Math.round((ms / size) * 10) / 10} ${unit}`;
}
