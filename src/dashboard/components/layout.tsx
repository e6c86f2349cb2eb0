/** The frame of every page: navigation, who has signed in, and the scripts. */
import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import { Form } from "../form.tsx";
import { NAV } from "../nav.ts";
import { type PageContext, renderFor, useView } from "../view.ts";

/** Answers with a page. @param title also of the browser's tab */
export function render(
	context: PageContext,
	title: string,
	content: Child,
	status: 200 | 400 | 401 | 403 | 404 | 409 | 422 | 429 | 500 | 503 = 200,
) {
	const { view } = context.var;
	const page = (
		<Document title={title}>
			{view.caller ? <Frame>{content}</Frame> : content}
		</Document>
	);
	return context.html(renderFor(view, page), status);
}

function Document({ title, children }: { title: string; children?: Child }) {
	const { base, assets } = useView();
	return (
		<>
			{raw("<!doctype html>")}
			<html lang="en">
				<head>
					<meta charset="utf-8" />
					<meta name="viewport" content="width=device-width, initial-scale=1" />
					{/* An update must not close what the viewer has opened. */}
					<meta name="htmx-config" content='{"morphIgnore":["open"]}' />
					<title>{title} · Tidings</title>
					<link rel="icon" href={base + assets.icon} />
					<link rel="stylesheet" href={base + assets.style} />
					<script src={base + assets.htmx} defer></script>
					<script src={base + assets.script} defer></script>
				</head>
				<body>{children}</body>
			</html>
		</>
	);
}

function Frame({ children }: { children?: Child }) {
	const { base, assets, url, caller, hasSession } = useView();
	const mayPublish = caller !== undefined && caller.publish.length > 0;
	const rights = caller?.admin ? "may read and act" : "may read";
	return (
		<>
			<a class="skip" href="#content">
				Skip to the content
			</a>
			<header class="side">
				<a class="brand" href={`${base}/`}>
					<img src={base + assets.icon} alt="" width="22" height="22" />
					Tidings
				</a>
				<nav aria-label="Pages">
					<ul>
						{NAV.filter(({ needs }) => !needs || mayPublish).map(
							({ path, label }) => (
								<li>
									<a
										href={base + path}
										aria-current={isHere(url, base + path) ? "page" : undefined}
									>
										{label}
									</a>
								</li>
							),
						)}
					</ul>
				</nav>
				<div class="who">
					<p>
						<b>{caller?.id}</b>
					</p>
					<p class="rights">{rights}</p>
					<button class="plain needs-script" type="button" data-open="keys">
						Shortcuts <kbd>?</kbd>
					</button>
					{hasSession && (
						<Form to="/sign-out">
							<button class="plain" type="submit">
								Sign out
							</button>
						</Form>
					)}
				</div>
			</header>
			<main id="content">{children}</main>
			<Shortcuts />
		</>
	);
}

function isHere({ pathname }: URL, path: string): boolean {
	return pathname === path || pathname.startsWith(`${path}/`);
}

function Shortcuts() {
	return (
		<dialog id="keys" aria-labelledby="keys-title">
			<h2 id="keys-title">Shortcuts</h2>
			<dl>
				<dt>
					<kbd>/</kbd>
				</dt>
				<dd>Filter</dd>
				<dt>
					<kbd>j</kbd> <kbd>k</kbd>
				</dt>
				<dd>Next and previous row; Enter opens it</dd>
				<dt>
					<kbd>r</kbd>
				</dt>
				<dd>Replay, or publish again</dd>
				<dt>
					<kbd>?</kbd>
				</dt>
				<dd>These keys</dd>
			</dl>
			<form method="dialog">
				<button type="submit">Close</button>
			</form>
		</dialog>
	);
}
