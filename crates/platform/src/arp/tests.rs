use super::*;

#[test]
fn an_ethernet_address_reads_as_people_write_it() {
    assert_eq!(Mac([2, 0, 0x5e, 0xab, 0, 1]).to_string(), "02:00:5e:ab:00:01");
}

#[test]
fn who_is_on_no_local_link_is_refused_and_not_asked() {
    let asker = Asker::open();
    let far = [Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(203, 0, 113, 7)];
    let mut refused = Vec::new();
    asker.ask(&far, &mut refused);
    let expected = asker.method().err().unwrap_or(Fault::OffLink);
    assert_eq!(refused, far.map(|address| (address, expected)));
}

#[test]
fn a_waiting_receiver_is_woken() {
    let asker = Asker::open();
    let began = std::time::Instant::now();
    let mut answers = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| asker.wake());
        asker.receive(std::time::Duration::from_secs(10), &mut answers).expect("it waits");
    });
    assert!(began.elapsed().as_secs() < 9 && answers.is_empty());
}
