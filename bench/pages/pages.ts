/** The pages that are measured, by their names in the table, and which of them have live updates. */
import type { Filled } from "./commands.ts";

export interface MeasuredPage {
	name: string;
	path: string;
	/** The path of its live updates. */
	live?: string;
}

const at = (path: string) => ({ path, live: live(path) });

function live(path: string): string {
	const [before, query] = path.split("?");
	return `${before}/live${query === undefined ? "" : `?${query}`}`;
}

const NOTHING = "tag.customer:none";

export function pagesOf(ids: Filled): MeasuredPage[] {
	const letter = encodeURIComponent(ids.deadLetter);
	const delivery = encodeURIComponent(ids.delivery);
	return [
		{ name: "overview of an hour", ...at("/overview?range=hour") },
		{ name: "overview of a week", ...at("/overview?range=week") },
		{ name: "events", ...at("/events") },
		{ name: "events, dead", ...at("/events?q=state:dead") },
		{ name: "events, none matches", ...at(`/events?q=${NOTHING}`) },
		{ name: "one event, the latest", ...at(`/events/${ids.latestEvent}`) },
		{ name: "one event, a week old", ...at(`/events/${ids.oldestEvent}`) },
		{ name: "dead letters", ...at("/dead-letters") },
		{
			name: "dead letters of a handler",
			...at("/dead-letters?q=handler:sync-*"),
		},
		{ name: "dead letters, none matches", ...at(`/dead-letters?q=${NOTHING}`) },
		{ name: "dead letters by error", ...at("/dead-letters/groups") },
		{ name: "one dead letter", ...at(`/dead-letters/${letter}`) },
		{ name: "replay of all, to confirm", path: "/jobs/new?action=replay" },
		{ name: "waiting deliveries", ...at("/deliveries") },
		{ name: "waiting, none matches", ...at(`/deliveries?q=${NOTHING}`) },
		{ name: "one waiting delivery", path: `/deliveries/${delivery}` },
		{ name: "scheduled events", ...at("/scheduled") },
		{ name: "scheduled, none matches", ...at(`/scheduled?q=${NOTHING}`) },
		{ name: "one scheduled event", path: `/scheduled/${ids.scheduled}` },
		{ name: "jobs", ...at("/jobs") },
		{ name: "one job", ...at(`/jobs/${ids.job}`) },
		{ name: "handlers", path: "/handlers" },
		{
			name: "subscriptions of an event",
			path: "/handlers/subscriptions?source=%40pages%2Fbell&event=rung",
		},
		{ name: "publish", path: "/publish?name=order.placed" },
		{ name: "settings", path: "/settings" },
	];
}
