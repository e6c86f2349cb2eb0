/** Publishes an event: its body begins as an example of its schema, and it is sent now or later. */

import { nameOf } from "../../entrypoints/http/keys.ts";
import { RefusedError } from "../../event/errors.ts";
import {
	checkPublish,
	checkPublisher,
	mayPublish,
} from "../../event/permission.ts";
import { show } from "../../event/validation.ts";
import { exampleOf } from "../../handlers/example-body.ts";
import { jsonSchemaOf } from "../../handlers/listing.ts";
import type { Ports } from "../../ports.ts";
import { action } from "../action.ts";
import { Json } from "../components/json.tsx";
import { render } from "../components/layout.tsx";
import { Empty } from "../components/list.tsx";
import { AS_TYPED, type Draft, Form, Refusal } from "../form.tsx";
import { readBody } from "../json-text.ts";
import { OnceField, publishOnce } from "../publish-once.tsx";
import { callerIn, type Page, type PageContext, useView } from "../view.ts";

const PATH = "/publish";

export const publishPage: Page = (app, { ports }) => {
	app.get(PATH, (context) => {
		const caller = callerIn(context);
		checkPublisher(caller.publish, nameOf(caller));
		const { name = "" } = context.req.query();
		return page(context, name, ports);
	});

	const publish = (context: PageContext, fields: URLSearchParams) => {
		const caller = callerIn(context);
		const name = textIn(fields, "name");
		const after = textIn(fields, "after");
		checkPublish(caller.publish, name, nameOf(caller));
		const tags = tagsIn(textIn(fields, "tags"));
		const request = {
			name,
			body: readBody(fields.get("body") ?? ""),
			by: caller.id,
			...(after && { after }),
			...(tags && { tags }),
		};
		return publishOnce(fields, request, ports);
	};
	action(app, PATH, "publish", publish, (context, draft) =>
		page(context, textIn(draft.fields, "name"), ports, draft),
	);
};

function textIn(fields: URLSearchParams, field: string): string {
	return fields.get(field)?.trim() ?? "";
}

/** @throws RefusedError for a line that is not `key: value` */
function tagsIn(text: string): Record<string, string> | undefined {
	const lines = text.split("\n").filter((line) => line.trim() !== "");
	if (lines.length === 0) return undefined;
	const tags = lines.map((line): [string, string] => {
		const colon = line.indexOf(":");
		if (colon > 0)
			return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
		throw new RefusedError(
			"invalid_request",
			`tags: ${show(line)} is not a tag; write one such as customer: c42 on each line`,
		);
	});
	return Object.fromEntries(tags);
}

/** Suggested names, and those that have a link. */
const MOST_NAMES = 300;
const MOST_LINKS = 12;

function page(context: PageContext, name: string, ports: Ports, draft?: Draft) {
	const { publish: right } = callerIn(context);
	const names = ports.definitions
		.map(({ name }) => name)
		.filter((name) => mayPublish(right, name))
		.slice(0, MOST_NAMES);
	const isAllowed = mayPublish(right, name);
	const schema = jsonSchemaOf(ports.definitionOf(name)?.schema);
	const content = (
		<>
			<h1>Publish an event</h1>
			<Choice name={name} names={names} />
			{name === "" && <NoName names={names} />}
			{name !== "" && isAllowed && (
				<Details name={name} draft={draft} schema={schema} />
			)}
			{name !== "" && !isAllowed && (
				<p class="notice bad">This key may not publish {show(name)}.</p>
			)}
		</>
	);
	return render(context, "Publish", content, draft?.status);
}

function Choice({ name, names }: { name: string; names: readonly string[] }) {
	const { base } = useView();
	return (
		<search class="filter">
			<form class="line" method="get" action={base + PATH}>
				<input
					name="name"
					value={name}
					list="names"
					required={true}
					{...AS_TYPED}
					aria-label="Name of the event"
					placeholder="order.placed"
				/>
				<datalist id="names">
					{names.map((one) => (
						<option value={one} />
					))}
				</datalist>
				<button type="submit">Choose</button>
			</form>
			<div class="quick">
				{names.slice(0, MOST_LINKS).map((one) => (
					<a
						href={`${base}${PATH}?${new URLSearchParams({ name: one })}`}
						aria-current={one === name ? "true" : undefined}
					>
						{one}
					</a>
				))}
			</div>
		</search>
	);
}

function NoName({ names }: { names: readonly string[] }) {
	return (
		<div class="card">
			<Empty title="Which event?">
				{names.length > 0 ? (
					<p>Choose one above, or write any name.</p>
				) : (
					<p>
						Write its name above. Names that{" "}
						<code>{"createEvents({ events })"}</code> lists appear here, with an
						example body from their schema.
					</p>
				)}
			</Empty>
		</div>
	);
}

function Details({
	name,
	draft,
	schema,
}: {
	name: string;
	draft: Draft | undefined;
	schema: object | undefined;
}) {
	const { now } = useView();
	const typed = (field: string) => draft?.fields.get(field) ?? "";
	const example = schema === undefined ? {} : exampleOf(schema, now);
	return (
		<>
			<div class="card inset">
				<Form to={PATH} class="edit">
					<OnceField draft={draft} />
					<input type="hidden" name="name" value={name} />
					<div class="field">
						<label for="body">Body</label>
						<textarea id="body" name="body" rows={12} {...AS_TYPED} required>
							{draft ? typed("body") : JSON.stringify(example, null, 2)}
						</textarea>
					</div>
					<div class="pair">
						<div class="field">
							<label for="after">Later</label>
							<input
								id="after"
								name="after"
								value={typed("after")}
								{...AS_TYPED}
								placeholder="now"
								aria-describedby="after-hint"
							/>
							<p class="muted hint" id="after-hint">
								Such as 2 days, or 2027-01-14T17:46:05Z. Empty: now.
							</p>
						</div>
						<div class="field">
							<label for="tags">Tags</label>
							<textarea
								id="tags"
								name="tags"
								rows={3}
								{...AS_TYPED}
								placeholder="customer: c42"
								aria-describedby="tags-hint"
							>
								{typed("tags")}
							</textarea>
							<p class="muted hint" id="tags-hint">
								One on each line.
							</p>
						</div>
					</div>
					{draft && <Refusal wrong={draft.wrong} />}
					<div class="inline">
						<button class="main" type="submit">
							Publish 1 event
						</button>
						<span class="muted">
							to all handlers of <b>{name}</b>
						</span>
					</div>
				</Form>
			</div>
			{schema === undefined ? (
				<p class="muted">
					No listed definition describes the body of this event.
				</p>
			) : (
				<details class="card fold">
					<summary>Schema of the body</summary>
					<div class="inside">
						<Json text={JSON.stringify(schema)} />
					</div>
				</details>
			)}
		</>
	);
}
