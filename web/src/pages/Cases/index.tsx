import { Page } from "../../parts/Frame.tsx";

export default function Cases() {
  return (
    <Page title="Caseload">
      <p>This page is not built yet.</p>
    </Page>
  );
}
