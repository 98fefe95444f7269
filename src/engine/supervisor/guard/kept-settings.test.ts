import { expect, it } from "vitest";
import { printSettings } from "./kept-settings.js";

it("keeps mirrors, proxies and certificates, one line each", () => {
  const settings = { GANTRY_REGISTRY_MIRRORS: "docker.io=http://127.0.0.1:5000", HTTPS_PROXY: "http://proxy:3128" };
  expect(printSettings({ ...settings, NO_PROXY: undefined })).toBe(
    "GANTRY_REGISTRY_MIRRORS=docker.io=http://127.0.0.1:5000\nHTTPS_PROXY=http://proxy:3128\n",
  );
});

it("leaves out addresses with credentials, and what would be more than one setting to a shell", () => {
  const settings = { HTTP_PROXY: "http://me:secret@proxy:3128", LANG: "C\nPATH=/evil", "A B": "c", HOME: "/root" };
  expect(printSettings(settings)).toBe("HOME=/root\n");
});
