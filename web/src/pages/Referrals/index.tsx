import { Page } from "../../parts/Frame.tsx";

export default function Referrals() {
  return (
    <Page title="Referrals">
      <p>This page is not built yet.</p>
    </Page>
  );
}
