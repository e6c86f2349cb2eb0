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

/** States that need nobody, such as discarded, have no colour. */
export function toneOf(state: string): Tone {
	return TONES[state] ?? "idle";
}

export function State({ state }: { state: string }) {
	return <span class={`state ${toneOf(state)}`}>{state}</span>;
}
