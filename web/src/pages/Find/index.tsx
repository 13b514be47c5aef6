import { Page } from "../../parts/Frame.tsx";

export default function Find() {
  return (
    <Page title="Find cases">
      <p>This page is not built yet.</p>
    </Page>
  );
}
