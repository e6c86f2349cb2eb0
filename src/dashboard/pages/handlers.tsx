/** Which handlers and tools listen to which events: a picture, and a table with their settings. */
import type { AppPorts } from "../../apps/app-ports.ts";
import type { Ports } from "../../ports.ts";
import { render } from "../components/layout.tsx";
import { Copyable, Empty, Fresh } from "../components/list.tsx";
import { HandlerTable } from "../handlers/handler-table.tsx";
import { Picture } from "../handlers/picture.tsx";
import {
	handlersIn,
	type Listed,
	topologyOf,
	workerName,
} from "../handlers/topology.ts";
import { SIZE } from "../list-page.tsx";
import { ratesOf } from "../overview/read.ts";
import { FIRST_HANDLER } from "../snippets.tsx";
import { type Page, useView } from "../view.ts";

const PATH = "/handlers";

export const handlersPage: Page = (app, { ports, apps }) => {
	app.get(PATH, async (context) => {
		const { now } = context.var.view;
		const [page = "1"] =
			/^[1-9]\d{0,3}$/.exec(context.req.query("page") ?? "") ?? [];
		const [listed, rates] = await Promise.all([
			listedBy(ports, apps),
			ratesOf("day", ports),
		]);
		const measured = new Map(
			("data" in rates ? rates.data.handlers : []).map(
				(one) => [one.handler, one] as const,
			),
		);
		const all = listed.workers.flatMap((worker) =>
			handlersIn(worker).map((route) => {
				const metrics = measured.get(route.id);
				return { worker: worker.key, route, ...(metrics && { metrics }) };
			}),
		);
		const first = (Number(page) - 1) * SIZE;
		const content = (
			<>
				<div class="top">
					<h1>Handlers</h1>
					<Fresh at={now} />
				</div>
				<Silent listed={listed} />
				{"wrong" in rates && <p class="notice">Failures: {rates.wrong}</p>}
				{all.length === 0 && <NoHandler />}
				{first === 0 && <Connections listed={listed} />}
				{all.length > 0 && (
					<HandlerTable rows={all.slice(first, first + SIZE)} />
				)}
				<PageLinks count={all.length} first={first} />
				<Apps listed={listed} />
			</>
		);
		return render(context, "Handlers", content);
	});
};

async function listedBy(
	{ workers, definitions }: Ports,
	ofApps: AppPorts | null,
): Promise<Listed> {
	const listed = workers.all.map(async (worker) => {
		const owner = ofApps?.appWorkers.find((one) => one.worker === worker);
		const [routes, apps] = await Promise.all([worker.routes(), owner?.apps()]);
		return {
			key: worker.key,
			...(routes && { routes: routes.list }),
			...(apps && { apps }),
		};
	});
	const names = definitions.map(({ name }) => name);
	return { names, workers: await Promise.all(listed) };
}

function Silent({ listed }: { listed: Listed }) {
	const silent = listed.workers.filter(({ routes }) => !routes);
	if (silent.length === 0) return null;
	const names = silent.map(({ key }) => workerName(key)).join(", ");
	return (
		<p class="notice bad">
			{names} does not respond now. Its handlers are not shown, and its
			deliveries wait.
		</p>
	);
}

function Connections({ listed }: { listed: Listed }) {
	const topology = topologyOf(listed);
	return topology ? <Picture topology={topology} /> : null;
}

function PageLinks({ count, first }: { count: number; first: number }) {
	const { base } = useView();
	if (count <= SIZE) return null;
	const at = (row: number) => `${base}${PATH}?page=${row / SIZE + 1}`;
	return (
		<nav class="pager" aria-label="Pages of the list">
			{first > 0 && <a href={at(first - SIZE)}>← Previous page</a>}
			{first + SIZE < count && (
				<a href={at(first + SIZE)} rel="next">
					Next page →
				</a>
			)}
			<span>{count} handlers</span>
		</nav>
	);
}

/** Events of apps whose links are shown. */
const MOST_EVENTS = 100;

function Apps({ listed }: { listed: Listed }) {
	const { base, caller } = useView();
	const events = listed.workers
		.flatMap(({ apps = [] }) =>
			apps.flatMap(({ name: source, events }) =>
				Object.entries(events).map(([event, { description }]) => ({
					source,
					event,
					description,
				})),
			),
		)
		.slice(0, MOST_EVENTS);
	if (events.length === 0) return null;
	return (
		<section class="section" aria-labelledby="apps">
			<h2 id="apps">Subscriptions to events of apps</h2>
			<div class="card">
				<ul class="lines">
					{events.map(({ source, event, description }) => (
						<li>
							{caller?.admin ? (
								<a
									class="name"
									href={`${base}${PATH}/subscriptions?${new URLSearchParams({ source, event })}`}
									data-row
								>
									{source}/{event}
								</a>
							) : (
								<span class="name">
									{source}/{event}
								</span>
							)}
							<span class="muted">{description.slice(0, 200)}</span>
						</li>
					))}
				</ul>
			</div>
		</section>
	);
}

function NoHandler() {
	return (
		<div class="card">
			<Empty title="No handler yet">
				<p>
					A handler is code that runs for an event. Its id survives deploys, so
					that waiting retries find it.
				</p>
				<Copyable text={FIRST_HANDLER} />
			</Empty>
		</div>
	);
}
