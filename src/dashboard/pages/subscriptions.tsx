/** The subscriptions to one event of an app. Their keys are of users, so only `admin` sees them, as over HTTP. */
import { findEvent } from "../../apps/directory.ts";
import { notConfigured } from "../../apps/extension/absent-apps.ts";
import type { Subscription } from "../../apps/subscriptions/subscription.ts";
import { requireScope } from "../../entrypoints/http/keys.ts";
import { render } from "../components/layout.tsx";
import { Empty, Fresh } from "../components/list.tsx";
import { SIZE } from "../list-page.tsx";
import { callerIn, type Page, useView } from "../view.ts";

const PATH = "/handlers/subscriptions";

export const subscriptionsPage: Page = (app, { apps }) => {
	app.get(PATH, async (context) => {
		requireScope(callerIn(context), "admin");
		const { source = "", event = "", after = "" } = context.req.query();
		if (!apps) throw notConfigured();
		const found = await findEvent(source, event, apps);
		const from = /^\d{1,15}$/.test(after) ? Number(after) : 0;
		const [phase, listed] = await Promise.all([
			found.subscriptions.phase(),
			found.subscriptions.list({ after: from, limit: SIZE }),
		]);
		const last = listed.length === SIZE ? listed.at(-1) : undefined;
		const { base, now } = context.var.view;
		const to = (after: string) =>
			`${base}${PATH}?${new URLSearchParams({ source, event, ...(after && { after }) })}`;
		const content = (
			<>
				<div class="top crumbs">
					<span>
						<a href={`${base}/handlers`}>Handlers</a> /
					</span>
					<Fresh at={now} />
				</div>
				<div class="top">
					<h1>{found.name}</h1>
					<span class={`state ${phase === "running" ? "good" : "idle"}`}>
						{phase}
					</span>
				</div>
				<p class="muted">{found.declared.description}</p>
				<div class="card">
					{listed.length > 0 ? (
						<Table subscriptions={listed} />
					) : (
						<None isEnd={from > 0} />
					)}
				</div>
				<nav class="pager" aria-label="Pages of the list">
					{from > 0 && <a href={to("")}>← First page</a>}
					{last && (
						<a href={to(`${last.id}`)} rel="next">
							Next page →
						</a>
					)}
				</nav>
			</>
		);
		return render(context, found.name, content);
	});
};

function Table({ subscriptions }: { subscriptions: readonly Subscription[] }) {
	const { base } = useView();
	return (
		<table class="measures">
			<thead>
				<tr>
					<th scope="col">Tool that runs</th>
					<th scope="col">Key</th>
					<th scope="col" class="number">
						Id
					</th>
				</tr>
			</thead>
			<tbody>
				{subscriptions.map(({ id, app, tool, key }) => (
					<tr>
						<td class="wide">
							<a
								class="name"
								href={`${base}/events?${new URLSearchParams({ q: `handler:${app}/${tool}#${id}` })}`}
								data-row
							>
								{app}/{tool}
							</a>
						</td>
						<td class="mono" data-label="key">
							{key.map(([field, value]) => `${field}: ${value}`).join(", ") ||
								"all users"}
						</td>
						<td class="number" data-label="id">
							{id}
						</td>
					</tr>
				))}
			</tbody>
		</table>
	);
}

function None({ isEnd }: { isEnd: boolean }) {
	return isEnd ? (
		<p class="none">There are no more subscriptions.</p>
	) : (
		<Empty title="Nobody has subscribed">
			<p>
				The event starts with its first subscription. A tool subscribes with{" "}
				<code>POST /v1/subscriptions</code>, with the token of a user.
			</p>
		</Empty>
	);
}
