/** One dead letter: why it failed, its body, which can be edited and replayed, and the discard. */
import { checkEditedBody, discard, replay } from "../../dead-letters/replay.ts";
import { found } from "../../entrypoints/http/operation.ts";
import { type StoredDeadLetter, summaryOf } from "../../event/dead-letter.ts";
import { RefusedError } from "../../event/errors.ts";
import { bodyText } from "../../event/json.ts";
import { actingAs } from "../../event/transition.ts";
import { show } from "../../event/validation.ts";
import { action } from "../action.ts";
import { DeadLetterFacts, Failures } from "../components/dead-letter-facts.tsx";
import { render } from "../components/layout.tsx";
import { Fresh } from "../components/list.tsx";
import {
	DiscardForm,
	editable,
	ReplayForm,
	StoredBody,
} from "../components/replay-form.tsx";
import { State } from "../components/state.tsx";
import { type Draft, Refusal } from "../form.tsx";
import { readBody } from "../json-text.ts";
import { Live, type Snapshot, snapshotOf, streamOf } from "../live.tsx";
import {
	callerIn,
	type Page,
	type PageContext,
	renderFor,
	useView,
} from "../view.ts";

const PATH = "/dead-letters/:id";

export const deadLetterPage: Page = (app, { ports }) => {
	const read = (id: string) => ports.deadLetters.get(id);

	const page = async (context: PageContext, draft?: Draft) => {
		const { id } = context.req.param() as { id: string };
		const { data, ...snapshot } = await snapshotOf(
			`dead letter ${id}`,
			context.var.view.now,
			() => read(id),
		);
		if (!data) return render(context, "Dead letter", <Missing id={id} />, 404);
		return render(
			context,
			data.head.name,
			<Details snapshot={{ data, ...snapshot }} draft={draft} />,
			draft?.status,
		);
	};

	app.get(PATH, (context) => page(context));

	app.get(`${PATH}/live`, (context) => {
		const { id } = context.req.param();
		return streamOf(
			context,
			`dead letter ${id}`,
			() => read(id),
			ports.clock,
			({ data }) => (data ? <Content stored={data} /> : <Missing id={id} />),
		);
	});

	app.get(`${PATH}/body`, async (context) => {
		const { id } = context.req.param();
		const stored = found(await read(id), `dead letter ${show(id)}`);
		const body = found(stored.body, `body of the dead letter ${show(id)}`);
		return context.body(body, 200, { "content-type": "application/json" });
	});

	/** Says while a person types whether the body is acceptable. */
	action(app, `${PATH}/check`, "admin", async (context, fields) => {
		const { id } = context.req.param() as { id: string };
		const stored = found(await read(id), `dead letter ${show(id)}`);
		const verdict = await checked(stored, bodyIn(fields));
		return context.html(renderFor(context.var.view, verdict));
	});

	async function checked(stored: StoredDeadLetter, text: string) {
		const edited = editedIn(text, stored);
		if (edited === undefined)
			return <p class="muted">The stored body is replayed as it is.</p>;
		const { head } = stored;
		try {
			await checkEditedBody(head, bodyText(readBody(edited)), ports);
		} catch (error) {
			if (!(error instanceof RefusedError)) throw error;
			return <Refusal wrong={error} />;
		}
		return ports.definitionOf(head.name) ? (
			<p class="right">The body matches the schema of {head.name}.</p>
		) : (
			<p class="right">The body is JSON. {head.name} has no schema here.</p>
		);
	}

	const replayByForm = async (
		context: PageContext,
		fields: URLSearchParams,
	) => {
		const { id } = context.req.param() as { id: string };
		const stored = found(await read(id), `dead letter ${show(id)}`);
		const acting = actingAs(ports, callerIn(context).id);
		const body = editedIn(bodyIn(fields), stored);
		const edited = body === undefined ? undefined : { body: readBody(body) };
		const again = fields.has("again");
		const replayed = await replay(id, { edited, again }, acting);
		found(replayed, `dead letter ${show(id)}`);
		const to = `/dead-letters/${encodeURIComponent(id)}`;
		return { to, action: "replay", target: id };
	};
	action(app, `${PATH}/replay`, "admin", replayByForm, page);

	action(app, `${PATH}/discard`, "admin", async (context) => {
		const { id } = context.req.param() as { id: string };
		const acting = actingAs(ports, callerIn(context).id);
		found(await discard(id, acting), `dead letter ${show(id)}`);
		return {
			to: "/dead-letters?done=discarded",
			action: "discard",
			target: id,
		};
	});
};

/** Browsers send `\r\n` for each line break of a text. */
function bodyIn(fields: URLSearchParams): string {
	return (fields.get("body") ?? "").replaceAll("\r\n", "\n");
}

/** An unchanged text means the stored body, whose numbers may be larger than JavaScript's. */
function editedIn(text: string, stored: StoredDeadLetter): string | undefined {
	const isStored = stored.body !== null && text === editable(stored);
	return isStored ? undefined : text;
}

function Details({
	snapshot: { data, at, version },
	draft,
}: {
	snapshot: Snapshot<StoredDeadLetter>;
	draft: Draft | undefined;
}) {
	const { base } = useView();
	const content = <Content stored={data} draft={draft} />;
	const stream = `${base}/dead-letters/${encodeURIComponent(data.id)}/live`;
	return (
		<>
			<div class="top crumbs">
				<span>
					<a href={`${base}/dead-letters`}>Dead letters</a> /
				</span>
				<Fresh at={at} />
			</div>
			{/* An update would replace the draft by the stored body. */}
			{draft ? (
				content
			) : (
				<Live id="dead-letter" stream={stream} version={version}>
					{content}
				</Live>
			)}
		</>
	);
}

function Content({
	stored,
	draft,
}: {
	stored: StoredDeadLetter;
	draft?: Draft | undefined;
}) {
	const { caller } = useView();
	const deadLetter = summaryOf(stored);
	const mayReplay = caller?.admin && stored.handler !== "";
	return (
		<div class="section parts">
			<div class="section">
				<div class="top">
					<h1>{stored.head.name}</h1>
					<State state={stored.state} />
				</div>
				<DeadLetterFacts deadLetter={deadLetter} />
			</div>
			<Failures deadLetter={deadLetter} />
			<div class="section">
				<h2>{mayReplay ? "Edit and replay" : "Body"}</h2>
				{mayReplay ? (
					<ReplayForm stored={stored} draft={draft} />
				) : (
					<StoredBody stored={stored} />
				)}
			</div>
			{caller?.admin && <DiscardForm stored={stored} />}
		</div>
	);
}

function Missing({ id }: { id: string }) {
	const { base } = useView();
	const event = id.slice(0, Math.max(0, id.indexOf(":")));
	return (
		<div class="section">
			<h1>There is no such dead letter</h1>
			<p class="muted">
				<span class="mono">{id}</span> was discarded, is older than the
				retention of dead letters, or never failed for good.
			</p>
			<p class="inline">
				<a class="button" href={`${base}/dead-letters`}>
					All dead letters
				</a>
				{event && (
					<a class="button" href={`${base}/events/${event}`}>
						The event
					</a>
				)}
			</p>
		</div>
	);
}
