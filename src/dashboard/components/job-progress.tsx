/** How far a job is: a bar, and numbers. */
import type { Job, JobRequest } from "../../jobs/job.ts";
import { useView } from "../view.ts";
import { numberText } from "./count.tsx";
import { term } from "./tags.tsx";

export function Progress({ job }: { job: Job }) {
	const { action, count, done, failed } = job;
	const ended = done + failed;
	return (
		<progress
			max={Math.max(1, count, ended)}
			value={count === 0 && job.state !== "running" ? 1 : ended}
			aria-label={`${action}: ${numberText(ended)} of ${numberText(count)}`}
		/>
	);
}

/** Where the items of a job are listed. */
export function listOf({ action, q }: Pick<Job, "action" | "q">): string {
	const lists: Readonly<Record<string, string>> = {
		replay: "/dead-letters",
		discard: "/dead-letters",
		cancel: "/scheduled",
	};
	return `${lists[action] ?? "/events"}?${new URLSearchParams({ q })}`;
}

/** An item of a job: a dead letter or an event, by its id. */
export function ItemLink({ id }: { id: string }) {
	const { base } = useView();
	const to = id.includes(":")
		? `/dead-letters/${encodeURIComponent(id)}`
		: `/events?${new URLSearchParams({ q: term("id", id) })}`;
	return (
		<a class="mono" href={base + to}>
			{id}
		</a>
	);
}

/** Such as `Replay`, or `Deliver to mail/send`. */
export function jobText({ action, handler }: JobRequest): string {
	const verb = action.slice(0, 1).toUpperCase() + action.slice(1);
	return handler === undefined ? verb : `${verb} to ${handler}`;
}
