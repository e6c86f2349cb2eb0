/** The state of an event, a delivery, a dead letter or a job, by colour and by word. */

const TONES: Readonly<Record<string, Tone>> = {
	scheduled: "wait",
	queued: "wait",
	retrying: "warn",
	waiting: "warn",
	delivered: "good",
	dead: "bad",
	replaying: "wait",
	resolved: "good",
	running: "wait",
	done: "good",
};

export type Tone = "good" | "warn" | "bad" | "wait" | "idle";

/** A state that requires no action, such as discarded, has no colour. */
export function toneOf(state: string): Tone {
	return TONES[state] ?? "idle";
}

export function State({ state }: { state: string }) {
	return <span class={`state ${toneOf(state)}`}>{state}</span>;
}
