import { chromium } from "playwright-core";

const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 375, height: 812 };

/** Runs `use` with a page of a fresh browser, and with what the page complained of and asked others for. */
export async function withPage(baseUrl, use, { colorScheme = "light" } = {}) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: ARGUMENTS,
  });
  try {
    const context = await browser.newContext({ viewport: DESKTOP, locale: "en-US", colorScheme });
    const page = await context.newPage();
    return await use(page, watch(page, new URL(baseUrl).origin));
  } finally {
    await browser.close();
  }
}

function watch(page, origin) {
  const complaints = [];
  const foreign = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.protocol !== "blob:" && url.origin !== origin) foreign.push(request.url());
  });
  return { complaints, foreign };
}
