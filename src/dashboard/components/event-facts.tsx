/** The facts of one event as a list: ids, times, publisher, tags and trace. */
import type { EventLife } from "../../journal/life.ts";
import { useView } from "../view.ts";
import { Tags } from "./tags.tsx";
import { durationText, Time, Until } from "./time.tsx";

type Action = EventLife["actions"][number];

const LABELS: Record<Action["type"], string> = {
	rescheduled: "Rescheduled",
	cancelled: "Cancelled",
	replayed: "Replayed",
	discarded: "Discarded",
};

function labelOf({ type, handler }: Action): string {
	const isDelivery = type === "rescheduled" && handler !== undefined;
	return isDelivery ? "Tried now" : LABELS[type];
}

export function Facts({ life }: { life: EventLife }) {
	const { now } = useView();
	const { id, time, by, tags, trace, dueAt, delay, queuedMs, actions } = life;
	return (
		<dl class="facts">
			<dt>Id</dt>
			<dd class="mono">{id}</dd>
			<dt>Published</dt>
			<dd>
				<Time at={time} exact /> by{" "}
				{by === undefined ? "the Worker that owns the events" : <b>{by}</b>}
			</dd>
			{(dueAt !== undefined || delay !== undefined) && (
				<>
					<dt>Due</dt>
					<dd>
						<Time at={dueAt ?? time + (delay ?? 0)} />
						{life.state === "scheduled" && dueAt !== undefined && (
							<>
								, <Until at={dueAt} now={now} />
							</>
						)}
					</dd>
				</>
			)}
			{actions.map((action) => (
				<>
					<dt>{labelOf(action)}</dt>
					<dd>
						<Time at={action.at} exact /> by{" "}
						<b>{action.by ?? "the Worker that owns the events"}</b>
						{action.handler !== undefined && (
							<>
								{" "}
								for <span class="mono">{action.handler}</span>
							</>
						)}
					</dd>
				</>
			))}
			{queuedMs !== undefined && (
				<>
					<dt>In the queue</dt>
					<dd>{durationText(queuedMs)}</dd>
				</>
			)}
			{tags && (
				<>
					<dt>Tags</dt>
					<dd>
						<Tags tags={tags} list="/events" />
					</dd>
				</>
			)}
			{trace !== undefined && (
				<>
					<dt>Trace</dt>
					<dd class="mono">{trace}</dd>
				</>
			)}
		</dl>
	);
}
