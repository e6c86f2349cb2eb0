/** One event: its facts, its timeline, its body, and what a caller can do with it. */

import { nameOf } from "../../entrypoints/http/keys.ts";
import { found } from "../../entrypoints/http/operation.ts";
import { checkPublish, mayPublish } from "../../event/permission.ts";
import { show } from "../../event/validation.ts";
import type { EventLife } from "../../journal/life.ts";
import { readEvent } from "../../journal/read.ts";
import { action } from "../action.ts";
import { countText } from "../components/count.tsx";
import { Body } from "../components/event-body.tsx";
import { Facts } from "../components/event-facts.tsx";
import { render } from "../components/layout.tsx";
import { Fresh } from "../components/list.tsx";
import { PublishAgain } from "../components/publish-again.tsx";
import { State } from "../components/state.tsx";
import { type Limits, Timeline } from "../components/timeline.tsx";
import type { Draft } from "../form.tsx";
import type { DashboardHost } from "../host.ts";
import { readBody } from "../json-text.ts";
import { Live, type Snapshot, snapshotOf, streamOf } from "../live.tsx";
import { publishOnce } from "../publish-once.tsx";
import { callerIn, type Page, type PageContext, useView } from "../view.ts";

/** What the page shows of an event. */
interface EventDetails {
	life: EventLife;
	/** The attempts that each handler has, by its id; absent without a limit. */
	limits: Limits;
}

export const eventPage: Page = (app, { ports }) => {
	const read = async (id: string): Promise<EventDetails | null> => {
		const life = await readEvent(id, ports);
		return life && { life, limits: await limitsOf(life, ports) };
	};

	const page = async (context: PageContext, draft?: Draft) => {
		const { id } = context.req.param() as { id: string };
		const { data, ...snapshot } = await snapshotOf(
			`event ${id}`,
			context.var.view.now,
			() => read(id),
		);
		if (!data) return render(context, "Event", <Missing id={id} />, 404);
		return render(
			context,
			data.life.name,
			<Details snapshot={{ data, ...snapshot }} draft={draft} />,
			draft?.status,
		);
	};

	app.get("/events/:id", (context) => page(context));

	app.get("/events/:id/live", (context) => {
		const { id } = context.req.param();
		return streamOf(
			context,
			`event ${id}`,
			() => read(id),
			ports.clock,
			({ data }) => (data ? <History {...data} /> : ""),
		);
	});

	app.get("/events/:id/body", async (context) => {
		const { id } = context.req.param();
		const { body } = found(await readEvent(id, ports), `event ${show(id)}`);
		const known = found(body ?? null, `body of the event ${show(id)}`);
		return context.body(known, 200, { "content-type": "application/json" });
	});

	const publishAgain = async (
		context: PageContext,
		fields: URLSearchParams,
	) => {
		const caller = callerIn(context);
		const { id } = context.req.param() as { id: string };
		const { name, tags } = found(
			await readEvent(id, ports),
			`event ${show(id)}`,
		);
		checkPublish(caller.publish, name, nameOf(caller));
		const request = {
			name,
			body: readBody(fields.get("body") ?? ""),
			by: caller.id,
			...(fields.has("tags") && tags && { tags }),
		};
		return publishOnce(fields, request, ports);
	};
	action(app, "/events/:id/publish", "publish", publishAgain, page);
};

async function limitsOf(
	{ deliveries }: EventLife,
	{ workers }: DashboardHost["ports"],
): Promise<Limits> {
	const limits: Record<string, number> = {};
	for (const { handler } of deliveries) {
		const routes = await workers.forHandler(handler).routes();
		const limit = routes?.get(handler)?.policy.limit;
		if (typeof limit === "number") limits[handler] = limit + 1;
	}
	return limits;
}

function Details({
	snapshot,
	draft,
}: {
	snapshot: Snapshot<EventDetails>;
	draft: Draft | undefined;
}) {
	const { base, caller } = useView();
	const { data, at, version } = snapshot;
	const { life } = data;
	return (
		<>
			<div class="top crumbs">
				<span>
					<a href={`${base}/events`}>Events</a> /
				</span>
				<Fresh at={at} />
			</div>
			<Live
				id="history"
				stream={`${base}/events/${life.id}/live`}
				version={version}
			>
				<History {...data} />
			</Live>
			<Body life={life} />
			{caller && mayPublish(caller.publish, life.name) && (
				<PublishAgain life={life} draft={draft} />
			)}
		</>
	);
}

/** What changes while the event is delivered. */
function History({ life, limits }: EventDetails) {
	return (
		<div class="section">
			<div class="top">
				<h1>{life.name}</h1>
				<State state={life.state} />
			</div>
			{life.unreadable !== undefined && (
				<p class="notice">
					This may not be everything: {countText(life.unreadable, "page")} of
					the journal cannot be read.
				</p>
			)}
			<Facts life={life} />
			<Timeline life={life} limits={limits} />
		</div>
	);
}

function Missing({ id }: { id: string }) {
	const { base } = useView();
	return (
		<>
			<h1>This event is not in the journal</h1>
			<p class="muted">
				<span class="mono">{id}</span> still waits in its queue, is older than
				the journal's retention, was not recorded, or is on a page that cannot
				be read. A new event appears within seconds.
			</p>
			<p>
				<a class="button" href={`${base}/events/${encodeURIComponent(id)}`}>
					Look again
				</a>{" "}
				<a class="button" href={`${base}/events`}>
					All events
				</a>
			</p>
		</>
	);
}
