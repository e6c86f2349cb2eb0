/** One scheduled event: when it is due, and how to move, deliver or cancel it. */

import { nameOf } from "../../entrypoints/http/keys.ts";
import { found } from "../../entrypoints/http/operation.ts";
import { mayPublish, type Requester } from "../../event/permission.ts";
import type { ScheduledEvent } from "../../event/scheduled-row.ts";
import { actingAs } from "../../event/transition.ts";
import { show } from "../../event/validation.ts";
import { cancel, reschedule } from "../../schedule/schedule.ts";
import { action } from "../action.ts";
import { Done } from "../components/done.tsx";
import { Irreversible } from "../components/irreversible.tsx";
import { render } from "../components/layout.tsx";
import { State } from "../components/state.tsx";
import { Tags } from "../components/tags.tsx";
import { Time, Until } from "../components/time.tsx";
import { AS_TYPED, type Draft, Form, Refusal } from "../form.tsx";
import { callerIn, type Page, type PageContext, useView } from "../view.ts";

const PATH = "/scheduled/:id";

/** An event that is due in a millisecond is delivered now. It cannot be due in the past. */
const AT_ONCE = 1;

export const scheduledEventPage: Page = (app, { ports }) => {
	const page = async (context: PageContext, draft?: Draft) => {
		const { id } = context.req.param() as { id: string };
		const event = await ports.scheduler.find(id);
		return event
			? render(
					context,
					event.name,
					<Details event={event} draft={draft} />,
					draft?.status,
				)
			: render(context, "Scheduled event", <Missing id={id} />, 404);
	};

	app.get(PATH, (context) => page(context));

	/** Moves the event, and returns whether it was still scheduled. */
	const move = async (context: PageContext, id: string, after: unknown) => {
		const acting = actingAs(ports, callerIn(context).id);
		const moved = await reschedule(id, after, acting, requester(context));
		return found(moved, scheduledEvent(id));
	};

	const moveByForm = async (context: PageContext, fields: URLSearchParams) => {
		const { id } = context.req.param() as { id: string };
		const text = (fields.get("after") ?? "").trim();
		// Digits are milliseconds, as in JSON.
		await move(context, id, /^\d+$/.test(text) ? Number(text) : text);
		const to = `/scheduled/${id}?done=rescheduled`;
		return { to, action: "reschedule", target: id };
	};
	action(app, `${PATH}/reschedule`, "publish", moveByForm, page);

	action(app, `${PATH}/deliver`, "publish", async (context) => {
		const { id } = context.req.param() as { id: string };
		await move(context, id, AT_ONCE);
		return { to: `/events/${id}`, action: "deliver now", target: id };
	});

	action(app, `${PATH}/cancel`, "publish", async (context) => {
		const { id } = context.req.param() as { id: string };
		const acting = actingAs(ports, callerIn(context).id);
		const cancelled = await cancel(id, acting, requester(context));
		found(cancelled, scheduledEvent(id));
		return { to: "/scheduled?done=cancelled", action: "cancel", target: id };
	});
};

function requester(context: PageContext): Requester {
	const caller = callerIn(context);
	return { permission: caller.publish, caller: nameOf(caller) };
}

function scheduledEvent(id: string): string {
	return `scheduled event ${show(id)}: it is already on its way, or was cancelled. Nothing was done`;
}

function Details({
	event,
	draft,
}: {
	event: ScheduledEvent;
	draft: Draft | undefined;
}) {
	const { base, caller, now } = useView();
	const { id, name, time, dueAt, tags } = event;
	return (
		<>
			<div class="top crumbs">
				<span>
					<a href={`${base}/scheduled`}>Scheduled</a> /
				</span>
			</div>
			<Done />
			<div class="section">
				<div class="top">
					<h1>{name}</h1>
					<State state="scheduled" />
				</div>
				<dl class="facts">
					<dt>Due</dt>
					<dd>
						<Time at={dueAt} exact />, <Until at={dueAt} now={now} />
					</dd>
					<dt>Event</dt>
					<dd>
						<a class="mono" href={`${base}/events/${id}`}>
							{id}
						</a>
						, published <Time at={time} exact />
					</dd>
					{tags && (
						<>
							<dt>Tags</dt>
							<dd>
								<Tags tags={tags} list="/scheduled" />
							</dd>
						</>
					)}
				</dl>
			</div>
			{caller && mayPublish(caller.publish, name) && (
				<Moves event={event} draft={draft} />
			)}
		</>
	);
}

function Moves({
	event: { id, name },
	draft,
}: {
	event: ScheduledEvent;
	draft: Draft | undefined;
}) {
	return (
		<>
			<div class="section">
				<h2>Reschedule</h2>
				<Form to={`/scheduled/${id}/reschedule`} class="edit">
					<div class="field">
						<label for="after">New due time, from now</label>
						<input
							id="after"
							name="after"
							required={true}
							data-key="r"
							class="medium"
							value={draft?.fields.get("after") ?? undefined}
							{...AS_TYPED}
							placeholder="2 days"
							aria-invalid={draft ? "true" : undefined}
							aria-describedby={draft ? "wrong forms" : "forms"}
						/>
						{draft && <Refusal wrong={draft.wrong} id="wrong" />}
						<p class="muted" id="forms">
							A wait such as <code>90 minutes</code> or <code>2 days</code>, or
							a time such as <code>2027-01-14T15:00:00Z</code>, within a year.
						</p>
					</div>
					<div class="inline">
						<button class="main" type="submit">
							Reschedule 1 event
						</button>
					</div>
				</Form>
			</div>
			<div class="section">
				<Form to={`/scheduled/${id}/deliver`} class="inline">
					<button type="submit">Deliver now</button>
					<span class="muted">
						Sends 1 event to all its handlers at once, and opens it.
					</span>
				</Form>
			</div>
			<Irreversible
				title="Cancel"
				to={`/scheduled/${id}/cancel`}
				button="Cancel 1 event"
			>
				Withdraws 1 event: no handler receives this <b>{name}</b>. It cannot be
				scheduled again under this id.
			</Irreversible>
		</>
	);
}

function Missing({ id }: { id: string }) {
	const { base } = useView();
	return (
		<div class="section">
			<h1>This event is not scheduled</h1>
			<p class="muted">
				<span class="mono">{id}</span> is on its way to its handlers, was
				cancelled, or was never scheduled.
			</p>
			<p class="inline">
				<a class="button" href={`${base}/events/${encodeURIComponent(id)}`}>
					The event
				</a>
				<a class="button" href={`${base}/scheduled`}>
					All scheduled events
				</a>
			</p>
		</div>
	);
}
